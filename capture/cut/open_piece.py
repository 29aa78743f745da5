"""The piece that is being filled with pictures, and the one that waits for the last of its sound."""

from dataclasses import dataclass, field
from typing import Final, final

from capture.cut.no_picture import Nothing
from capture.media.frames import Codec, EncodedFrame
from capture.media.piece import TICKS_PER_MS, Sample, VideoConfig
from capture.recorder import Absence

LAST_FRAME_MS: Final = 40  # how long a picture shows that no other follows, when nothing better is known
STEP_MS_MAX: Final = 1_000
STILL_MS_MAX: Final = 10_000  # how long a last picture may be taken to have shown
REPEATED_BYTES_MAX: Final = 12 << 20
REPEATED_MS_MAX: Final = 250  # at the beginning of a piece, before its own first picture


@final
@dataclass(slots=True)
class OpenPiece:
    """`start_ms` is None while the take's clock still settles. `last_ticks` is of the picture shown last.
    `nothing` has the reason for the time before, where the piece does not abut."""

    config: VideoConfig
    first_arrival_ms: int
    target_ms: int
    start_ms: int | None
    abuts: bool
    last_ticks: int
    nothing: Nothing
    frames: list[EncodedFrame] = field(default_factory=list)
    size: int = 0
    absences: list[Absence] = field(default_factory=list)

    def add(self, frame: EncodedFrame) -> None:
        """Appends the next picture in the order in which they decode."""
        self.frames.append(frame)
        self.size += len(frame.data)
        self.last_ticks = max(self.last_ticks, frame.ticks)

    def age_ms(self, frame: EncodedFrame) -> int:
        """For how long it has been open when a frame comes, by whichever clock says more."""
        by_ticks = (frame.ticks - self.frames[0].ticks) // TICKS_PER_MS
        return max(by_ticks, frame.arrival_ms - self.first_arrival_ms)

    def shown_until(self, shown_ms: int) -> int:
        """The end of its last picture when none follows: shown as long as the previous one, or for `shown_ms`
        if that is longer."""
        step = LAST_FRAME_MS * TICKS_PER_MS
        if len(self.frames) > 1:
            step = min(self.last_ticks - self.frames[-2].ticks, STEP_MS_MAX * TICKS_PER_MS)
        return self.last_ticks + max(step, min(shown_ms, STILL_MS_MAX) * TICKS_PER_MS, 1)

    def repeated(self, at_ticks: int, now_ms: int) -> list[EncodedFrame] | None:
        """The pictures since the last keyframe, with which the next piece begins at `at_ticks`. So it plays
        alone, and the sender's next pictures still decode. None when they are too many."""
        since = next(i for i in range(len(self.frames) - 1, -1, -1) if self.frames[i].keyframe)
        again = self.frames[since:]
        # Blocks of WebM are timed in milliseconds, samples of MP4 in ticks.
        step = TICKS_PER_MS if again[0].codec is Codec.VP8 else 1
        size = 0
        for frame in again:
            size += len(frame.data)
        if size > REPEATED_BYTES_MAX or len(again) * step > REPEATED_MS_MAX * TICKS_PER_MS:
            return None
        return [frame.moved(at_ticks + place * step, now_ms) for place, frame in enumerate(again)]

    def before(self, previous_ms: int | None, start_ms: int) -> tuple[Absence, ...]:
        """The reason for the time before it; see `Nothing.told`."""
        return () if self.abuts else self.nothing.told(previous_ms, start_ms)

    def samples(self, later_ms: int) -> tuple[Sample, ...]:
        """Its pictures, timed from the first, which is shown `later_ms` longer than it should."""
        first, frames = self.frames[0], self.frames
        since = first.ticks - later_ms * TICKS_PER_MS
        rest = [
            Sample(max(frames[place].ticks - since, place), frames[place].data, frames[place].keyframe)
            for place in range(1, len(frames))
        ]
        return (Sample(0, first.data, first.keyframe), *rest)


@final
@dataclass(slots=True)
class ClosedPiece:
    """A piece whose video is complete, waiting for the sound that starts before `boundary_us`.

    `previous_end_ms` is where the piece before it ended.
    """

    pictures: OpenPiece
    start_ms: int
    end_ms: int
    boundary_us: int
    previous_end_ms: int | None
    give_up_ms: int
