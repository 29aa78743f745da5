"""From figures over time to signals: which figure beyond which threshold, for how long. Pure.

A detector's signal begins with the first look beyond `threshold` and lasts while looks are beyond `release`,
which is nearer to normal. So a figure that fluctuates around the threshold makes one signal, not twenty. A
signal is reported once it has lasted `lasts_ms`. Time without looks has no signals.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from proctoring.exams.model import Stream
from proctoring.signals.model import Signal, SignalKind

UNSEEN_MS_MAX = 10_000  # a signal goes on over so long a stretch that nobody looked at
SIGNALS_PER_TAKE_MAX = 2_000

WEBCAM = frozenset({Stream.WEBCAM})
SCREEN = frozenset({Stream.SCREEN})
FILMED = frozenset({Stream.WEBCAM, Stream.PHONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """What makes one kind of signal of a figure: at `threshold` or beyond it, `above` or else below."""

    name: str
    version: int = 1
    figure: str
    unit: str
    above: bool = False
    threshold: float
    release: float
    lasts_ms: int
    streams: frozenset[Stream]

    def is_beyond(self, value: float, limit: float) -> bool:
        return value >= limit if self.above else value <= limit

    def further(self, one: float, other: float) -> float:
        """The one of two figures that is further beyond."""
        return max(one, other) if self.above else min(one, other)


DETECTORS: Mapping[SignalKind, Detector] = {
    SignalKind.DARK: Detector(
        name="mean-luma",
        figure="luma",
        unit="luma",
        threshold=16,
        release=24,
        lasts_ms=8_000,
        streams=FILMED,
    ),
    SignalKind.COVERED: Detector(
        name="laplacian-deviation",
        figure="detail",
        unit="luma",
        threshold=1.5,
        release=2.5,
        lasts_ms=8_000,
        streams=FILMED,
    ),
    SignalKind.FROZEN: Detector(
        name="gist-difference",
        figure="motion",
        unit="luma",
        threshold=0.02,
        release=0.05,
        lasts_ms=20_000,
        streams=FILMED,
    ),
    SignalKind.NO_FACE: Detector(
        name="haar-frontal-default",
        figure="faces",
        unit="faces",
        threshold=0,
        release=0,
        lasts_ms=12_000,
        streams=WEBCAM,
    ),
    SignalKind.SEVERAL_FACES: Detector(
        name="haar-frontal-default",
        figure="faces",
        unit="faces",
        above=True,
        threshold=2,
        release=2,
        lasts_ms=8_000,
        streams=WEBCAM,
    ),
    SignalKind.SCREEN_CHANGED: Detector(
        name="changed-blocks",
        figure="changed",
        unit="share",
        above=True,
        threshold=0.2,
        release=0.2,
        lasts_ms=0,
        streams=SCREEN,
    ),
    SignalKind.SILENCE: Detector(
        name="rms-level",
        figure="level",
        unit="dBFS",
        threshold=-60,
        release=-55,
        lasts_ms=30_000,
        streams=FILMED,
    ),
    SignalKind.SPEECH_LEVEL: Detector(
        name="rms-level",
        figure="level",
        unit="dBFS",
        above=True,
        threshold=-35,
        release=-40,
        lasts_ms=0,
        streams=FILMED,
    ),
}

HIDES = {
    SignalKind.DARK: frozenset({"detail", "motion", "faces"}),
    SignalKind.COVERED: frozenset({"motion", "faces"}),
}
"""Where nothing can be seen, nothing is told of what is not seen: one cause makes one signal."""


@dataclass(slots=True)
class _Since:
    """What is beyond since when; `told` is its place among the signals, once it is one."""

    signal: Signal
    told: int | None = None


@dataclass(slots=True)
class Tracker:
    """The signals of one take. Times are ms of the session's time line, and only ever grow."""

    stream: Stream
    signals: list[Signal] = field(default_factory=list)
    _since: dict[SignalKind, _Since] = field(default_factory=dict)

    def take(self, start_ms: int, end_ms: int, figures: Mapping[str, float]) -> None:
        """One look: the figures of this stretch."""
        hidden: frozenset[str] = frozenset()
        for kind, detector in DETECTORS.items():
            if self.stream not in detector.streams:
                continue
            value = None if detector.figure in hidden else figures.get(detector.figure)
            self._step(kind, detector, start_ms, end_ms, value)
            if kind in self._since:
                hidden |= HIDES.get(kind, frozenset())

    def _step(
        self, kind: SignalKind, detector: Detector, start_ms: int, end_ms: int, value: float | None
    ) -> None:
        since = self._since.pop(kind, None)
        if since is not None and start_ms - since.signal.end_ms > UNSEEN_MS_MAX:
            since = None
        if value is None or not detector.is_beyond(value, detector.release if since else detector.threshold):
            return
        value = round(value, 3)
        if since is None:
            since = _Since(
                Signal(
                    kind=kind,
                    detector=detector.name,
                    version=detector.version,
                    threshold=detector.threshold,
                    unit=detector.unit,
                    value=value,
                    start_ms=start_ms,
                    end_ms=end_ms,
                )
            )
        else:
            furthest = detector.further(since.signal.value, value)
            since.signal = replace(since.signal, value=furthest, end_ms=end_ms)
        self._since[kind] = since
        self._tell(since, detector.lasts_ms)

    def _tell(self, since: _Since, lasts_ms: int) -> None:
        lasted_ms = since.signal.end_ms - since.signal.start_ms
        if since.told is not None:
            self.signals[since.told] = since.signal
        elif lasted_ms >= lasts_ms and len(self.signals) < SIGNALS_PER_TAKE_MAX:
            since.told = len(self.signals)
            self.signals.append(since.signal)
