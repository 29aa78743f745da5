"""What each frame sets off: pieces on their way, a keyframe asked for, the take opened once.

Compiled, since it is passed eighty times a second by every stream; what it calls is asked a few times.
"""

from collections.abc import Callable
from typing import final

from capture.cut.segmenter import Segmenter
from capture.media.frames import Codec, EncodedFrame
from capture.media.piece import Piece


@final
class Cutting:
    """`put` takes each piece, `ask` asks the sender for a keyframe, `opened` is told media type and
    provisional Unix start of the take, once. What goes wrong with a frame is told to `broken`, not raised:
    hostile media must end its own ingest, never the loop that reads everybody's."""

    def __init__(
        self,
        segmenter: Segmenter,
        put: Callable[[Piece], None],
        ask: Callable[[], None],
        opened: Callable[[str, int], None],
        broken: Callable[[Exception], None],
    ) -> None:
        self._segmenter = segmenter
        self._put = put
        self._ask = ask
        self._opened = opened
        self._broken = broken
        self._is_open = False

    def frame(self, frame: EncodedFrame) -> None:
        """Takes the next frame."""
        try:
            for piece in self._segmenter.push(frame):
                self._put(piece)
            if frame.codec is not Codec.OPUS or not self._is_open:
                self.look(frame.arrival_ms)
        except Exception as error:
            self._broken(error)

    def look(self, now_ms: int) -> None:
        """Asks and opens where that is due; to be called too while nothing comes."""
        if self._segmenter.wants_keyframe(now_ms):
            self._ask()
        if not self._is_open and (opening := self._segmenter.opening(now_ms)) is not None:
            self._is_open = True
            self._opened(*opening)

    def lost(self, now_ms: int) -> None:
        """Video stands still until a keyframe comes."""
        if self._segmenter.wants_keyframe(now_ms, lost=True):
            self._ask()
