"""Time at which a frame was filmed by its sender's own clock, told from sender reports (RFC 3550 section
6.4.1).

All tracks of one device share that clock: what its reports say of their order holds to a millisecond,
whatever the network did to each. Integer microseconds throughout.
"""

from collections import deque
from typing import Final, final

REPORTS_KEPT: Final = 32
FIT_SPAN_US: Final = 10_000_000  # over less, the noise of two reports would be taken for drift
DRIFT_MAX_PPM: Final = 500  # ten times a bad quartz: a steeper line is no clock
RESTART_US: Final = 250_000  # a report this far off the line tells of a clock that was set

_NTP_TO_UNIX_S: Final = 2_208_988_800


def ntp_to_us(ntp: int) -> int:
    """A 64-bit NTP timestamp (RFC 3550 section 4) as Unix microseconds, rounded to the nearest."""
    fraction_us = ((ntp & 0xFFFF_FFFF) * 1_000_000 + (1 << 31)) >> 32
    return ((ntp >> 32) - _NTP_TO_UNIX_S) * 1_000_000 + fraction_us


@final
class SenderClock:
    """Unrolled RTP ticks of one track → Unix microseconds of its sender, by a line through its reports."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._reports: deque[tuple[int, int]] = deque(maxlen=REPORTS_KEPT)
        self._ticks = self._us = 0  # a point on the line
        self._ppm = 0

    @property
    def drift_ppm(self) -> int:
        """By how much the media clock is slow against the sender's own, in millionths; 0 until known."""
        return self._ppm

    def report(self, sender_us: int, ticks: int) -> bool:
        """Takes one sender report; one older than the last is ignored.

        False when it contradicts the earlier ones: the sender started over or its clock was set. Then only
        this one counts.
        """
        agrees = True
        if self._reports:
            last_ticks, last_us = self._reports[-1]
            if ticks <= last_ticks and sender_us <= last_us:
                return True
            agrees = abs(sender_us - self._on_line(ticks)) <= RESTART_US
            if not agrees:
                self._reports.clear()
        self._reports.append((ticks, sender_us))
        self._fit()
        return agrees

    def sender_us(self, ticks: int) -> int | None:
        """When the frame with these ticks was filmed; None before the first report."""
        return self._on_line(ticks) if self._reports else None

    def _on_line(self, ticks: int) -> int:
        return self._us + (ticks - self._ticks) * (1_000_000 + self._ppm) // self._rate

    def _fit(self) -> None:
        """The line of least squares; of nominal slope while the reports span too little."""
        first_ticks, first_us = self._reports[0]
        xs = [(ticks - first_ticks) * 1_000_000 // self._rate for ticks, _ in self._reports]
        late = [us - first_us - x for (_, us), x in zip(self._reports, xs, strict=True)]
        mean_x, mean_late = sum(xs) // len(xs), sum(late) // len(late)
        self._ppm = 0
        if xs[-1] >= FIT_SPAN_US:
            spread = sum((x - mean_x) ** 2 for x in xs)
            slope = sum((x - mean_x) * (y - mean_late) for x, y in zip(xs, late, strict=True)) / spread
            self._ppm = max(-DRIFT_MAX_PPM, min(DRIFT_MAX_PPM, round(slope * 1_000_000)))
        self._ticks = first_ticks + mean_x * self._rate // 1_000_000
        self._us = first_us + mean_x + mean_late
