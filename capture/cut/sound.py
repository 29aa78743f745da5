"""Sound that waits for its piece: packets in order, and the holes between them with their reasons."""

from collections import deque
from dataclasses import dataclass
from typing import Final, final

from capture.clock.mediaclock import TrackClock, to_ms
from capture.media import opus
from capture.media.frames import AUDIO_CLOCK, Codec, EncodedFrame
from capture.media.piece import Piece, Sample
from capture.recorder import Absence
from proctoring.recordings.model import EndCause, GapPart

WAITING_BYTES_MAX: Final = 8 << 20
LOST_MS_MIN: Final = 200  # less of lost sound in one piece is not worth a record
MISSING_MS_MIN: Final = 1_000  # an encoder may send nothing for 400 ms of silence (RFC 7587 section 3.1.3)
ABSENCES_MAX: Final = 6  # per piece; what is beyond is told as one with the last
NEAR_MS: Final = 1_000  # a piece of sound alone that starts this near to the one before it abuts


@dataclass(frozen=True, slots=True)
class Taken:
    """Samples of one piece, timed from its start, and the stretches of it without sound."""

    samples: tuple[Sample, ...]
    absences: tuple[Absence, ...]


@final
class Sound:
    """The packets of one take that no piece has yet. Times are Unix microseconds of the server."""

    def __init__(self, clock: TrackClock, container: Codec) -> None:
        self._clock = clock
        self._container = container  # the codec of the pictures, which decides on the file's format
        self._waiting: deque[EncodedFrame] = deque()
        self._bytes = 0
        self._until_us: int | None = None  # where the last packet that a piece has ended
        self._short_us = 0  # lost in stretches too short for a record each, of the present piece
        self._short_from_us = 0  # where the first of them begins
        self._short_to_us = 0  # where the last of them ends

    def __bool__(self) -> bool:
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more should wait."""
        return self._bytes > WAITING_BYTES_MAX

    @property
    def first_us(self) -> int:
        """When the first waiting packet was recorded."""
        return self._clock.unix_us(self._waiting[0].ticks)

    @property
    def end_us(self) -> int:
        """Where the last waiting packet ends."""
        last = self._waiting[-1]
        return self._clock.unix_us(last.ticks + opus.duration_ticks(last.data))

    @property
    def first_arrival_ms(self) -> int:
        return self._waiting[0].arrival_ms

    def add(self, frame: EncodedFrame) -> None:
        self._waiting.append(frame)
        self._bytes += len(frame.data)

    def reaches(self, us: int) -> bool:
        """Whether all sound before this instant has come, as far as one can tell."""
        return bool(self._waiting) and self._clock.unix_us(self._waiting[-1].ticks) >= us

    def take(self, start_ms: int, end_ms: int, boundary_us: int) -> Taken:
        """The packets that start before the boundary, in a piece from `start_ms` to `end_ms`.

        What would start before the piece starts with it: nothing is dropped.
        """
        samples: list[Sample] = []
        absences: list[Absence] = []
        least = 0
        start_us = start_ms * 1000
        while self._waiting and (at_us := self._clock.unix_us(self._waiting[0].ticks)) < boundary_us:
            frame = self._waiting.popleft()
            self._bytes -= len(frame.data)
            until_us = at_us if self._until_us is None else self._until_us
            if frame.after_loss or at_us - until_us >= 1000 * LOST_MS_MIN:
                self._note_hole(absences, at_us, frame.after_loss, start_ms, end_ms)
            least = max((at_us - start_us) * AUDIO_CLOCK // 1_000_000, least)
            samples.append(Sample(least, frame.data))
            least += 1
            self._until_us = at_us + opus.duration_ticks(frame.data) * 1_000_000 // AUDIO_CLOCK
        next_us = self.first_us if self._waiting else boundary_us
        lost = bool(self._waiting) and self._waiting[0].after_loss
        self._note_hole(absences, next_us, lost, start_ms, end_ms)
        self._note_short(absences, start_ms, end_ms)
        return Taken(tuple(samples), tuple(absences))

    def from_ms(self, previous_ms: int | None) -> int:
        """Where a piece of the waiting sound starts: where the one before it ended, unless much later."""
        first_ms = to_ms(self.first_us)
        if previous_ms is not None and first_ms - previous_ms < NEAR_MS:
            return previous_ms
        return first_ms

    def alone(self, start_ms: int, end_ms: int, until_us: int, why: EndCause) -> Piece:
        """A piece without picture, of the packets that start before an instant; `why` there is none."""
        taken = self.take(start_ms, end_ms, until_us)
        absences = (Absence(GapPart.PICTURE, start_ms, end_ms, why), *taken.absences)
        return Piece(start_ms, end_ms - start_ms, None, (), taken.samples, True, self._container, absences)

    def _note_hole(self, absences: list[Absence], at_us: int, lost: bool, start_ms: int, end_ms: int) -> None:
        """Notes the stretch of the piece without sound that ends here, if it is one."""
        since_us = self._until_us
        if since_us is None:
            return
        if at_us - since_us >= 1000 * (LOST_MS_MIN if lost else MISSING_MS_MIN):
            self._note_short(absences, start_ms, end_ms)
            cause = EndCause.SOUND_LOST if lost else EndCause.SOUND_MISSING
            _note(absences, since_us=since_us, at_us=at_us, cause=cause, start_ms=start_ms, end_ms=end_ms)
        elif lost:
            from_us, until_us = max(since_us, 1000 * start_ms), min(at_us, 1000 * end_ms)
            if from_us < until_us:
                if not self._short_us:
                    self._short_from_us = from_us
                self._short_us += until_us - from_us
                self._short_to_us = until_us

    def _note_short(self, absences: list[Absence], start_ms: int, end_ms: int) -> None:
        """Notes the piece's short stretches so far as one, from the first to the last. Does so only from
        LOST_MS_MIN of lost sound on."""
        if self._short_us >= 1000 * LOST_MS_MIN:
            _note(
                absences,
                since_us=self._short_from_us,
                at_us=self._short_to_us,
                cause=EndCause.SOUND_LOST,
                start_ms=start_ms,
                end_ms=end_ms,
            )
        self._short_us = 0


def _note(
    absences: list[Absence], *, since_us: int, at_us: int, cause: EndCause, start_ms: int, end_ms: int
) -> None:
    """Adds the part of a stretch without sound that is within the piece."""
    from_ms, until_ms = max(since_us // 1000, start_ms), min(at_us // 1000, end_ms)
    if from_ms >= until_ms:
        return
    if len(absences) == ABSENCES_MAX:
        from_ms = absences.pop().start_unix_ms
    absences.append(Absence(GapPart.SOUND, from_ms, until_ms, cause))
