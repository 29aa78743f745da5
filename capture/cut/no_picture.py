"""Why no picture of a take can be shown, while none can, and since when pictures come in vain."""

from typing import Final, final

from capture.media.frames import EncodedFrame
from capture.recorder import Absence
from proctoring.recordings.model import GAP_MS_MIN, EndCause, GapPart

VAIN_MS_MIN: Final = 1_000  # before a take's first picture: a keyframe that is asked for comes sooner


@final
class NoPicture:
    """`lost`: pictures were lost, and no keyframe came since. `vain_since_ms`: since when one is awaited."""

    def __init__(self) -> None:
        self.why = EndCause.NO_KEYFRAME
        self.lost = False
        self.vain_since_ms: int | None = None

    def wait(self, now_ms: int) -> None:
        """A picture came that cannot be shown."""
        self.lost = True
        if self.vain_since_ms is None:
            self.vain_since_ms = now_ms

    @property
    def why_gone(self) -> EndCause:
        """Why pictures that came can be shown no more."""
        return EndCause.CONNECTION_LOST if self.lost else EndCause.NO_KEYFRAME

    @property
    def why_still(self) -> EndCause:
        """Why none come any more."""
        return EndCause.CONNECTION_LOST if self.lost else EndCause.DEVICE_LOST

    def before(self, frame: EncodedFrame, unreadable_since_ms: int | None) -> "Nothing":
        """Of the time before this keyframe, with which a piece begins."""
        why, since_ms = self.why, self.vain_since_ms
        if since_ms is None:
            since_ms = unreadable_since_ms
        if why is EndCause.NO_KEYFRAME and frame.after_loss:
            why = EndCause.CONNECTION_LOST
        return Nothing(why, since_ms)

    def over(self) -> None:
        """A keyframe came that can be shown."""
        self.why, self.lost, self.vain_since_ms = EndCause.NO_KEYFRAME, False, None


@final
class Nothing:
    """The reason why nothing is stored just before a piece that does not abut."""

    def __init__(self, why: EndCause, vain_since_ms: int | None) -> None:
        self.why: Final = why
        self._vain_since_ms: Final = vain_since_ms

    def told(self, previous_ms: int | None, start_ms: int) -> tuple[Absence, ...]:
        """`previous_ms` is where the take's piece before ended. A lost connection is not told: whatever has
        no other reason is put down to it."""
        since_ms, least_ms = previous_ms, GAP_MS_MIN
        if since_ms is None:
            since_ms, least_ms = self._vain_since_ms, VAIN_MS_MIN
        if since_ms is None or self.why is EndCause.CONNECTION_LOST or start_ms - since_ms < least_ms:
            return ()
        return (Absence(GapPart.ALL, since_ms, start_ms, self.why),)
