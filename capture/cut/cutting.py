"""Consequences of each frame: pieces on their way, a keyframe asked for, the take opened once.

Compiled, since it is passed eighty times a second by every stream; what it calls is asked a few times.
"""

from collections.abc import Callable
from typing import Final, final

from capture.clock.senderclock import ntp_to_us
from capture.clock.steadyticks import SteadyTicks
from capture.cut.segmenter import Segmenter
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame
from capture.media.piece import Piece
from proctoring.recordings.model import EndCause

UNREADABLE_MS_MAX: Final = 5_000  # keyframes that cannot be stored have come for as long: nor will the next


@final
class Cutting:
    """`put` takes each piece, `ask` asks the sender for a keyframe. `opened` is called once with media type
    and provisional Unix start of the take. `unreadable` is called once when the pictures are of a kind that
    cannot be stored. A fault of a frame goes to `broken` and is not raised: hostile media must end its own
    ingest, never the loop that reads everybody's."""

    def __init__(
        self,
        segmenter: Segmenter,
        *,
        put: Callable[[Piece], None],
        ask: Callable[[], None],
        opened: Callable[[str, int], None],
        unreadable: Callable[[], None],
        broken: Callable[[Exception], None],
    ) -> None:
        self._segmenter = segmenter
        self._put = put
        self._ask = ask
        self._opened = opened
        self._unreadable = unreadable
        self._broken = broken
        self._is_open = False
        self._is_unreadable = False
        self._is_calm = False  # both tracks
        self._has_cut = False
        self._video = SteadyTicks(VIDEO_CLOCK, self._cut)
        self._audio = SteadyTicks(AUDIO_CLOCK, self._cut)
        self._video.beside, self._audio.beside = self._audio, self._video
        segmenter.clocks.calm = False

    @property
    def steps(self) -> int:
        """How often a clock of the sender stopped or leapt."""
        return self._video.steps + self._audio.steps

    def frame(self, frame: EncodedFrame) -> None:
        """Takes the next frame."""
        try:
            track = self._audio if frame.codec is Codec.OPUS else self._video
            steady = track.push(frame)
            if steady is not None:
                self._cut(steady)
            if frame.codec is not Codec.OPUS or not self._is_open:
                self._look(frame.arrival_ms)
        except Exception as error:
            self._broken(error)

    def report(self, codec: Codec, ntp: int, rtp: int, arrival_ms: int) -> None:
        """Takes a sender report of one of the tracks: one instant as 64-bit NTP and as RTP time."""
        try:
            sender_us = ntp_to_us(ntp)
            steady = self._video if codec.is_video else self._audio
            ticks = steady.report(sender_us, rtp, arrival_ms)
            if not steady.runs_true:
                self._segmenter.clocks.forget_reports(codec)
            elif ticks is not None:
                self._segmenter.clocks.report(codec, sender_us, ticks, arrival_ms)
        except Exception as error:
            self._broken(error)

    def look(self, now_ms: int) -> None:
        """Decides, asks and opens where that is due; to be called twice a second, while nothing comes too."""
        self._video.tick(now_ms)
        self._audio.tick(now_ms)
        self._look(now_ms)

    def _look(self, now_ms: int) -> None:
        segmenter = self._segmenter
        if not self._is_calm:
            segmenter.clocks.calm_down(self._video.calm, self._audio.calm)
            self._is_calm = self._video.calm and self._audio.calm
        if segmenter.wants_keyframe(now_ms):
            self._ask()
        if not self._is_open and (opening := segmenter.opening(now_ms)) is not None:
            self._is_open = True
            self._opened(*opening)
        since_ms = segmenter.unreadable_since_ms
        if since_ms is not None and now_ms - since_ms >= UNREADABLE_MS_MAX and not self._is_unreadable:
            self._is_unreadable = True
            self._unreadable()

    def lost(self, now_ms: int) -> None:
        """Video stops until a keyframe comes."""
        if self._segmenter.wants_keyframe(now_ms, lost=True):
            self._ask()

    def flush(self, until_ms: int | None = None) -> None:
        """Puts everything that is whole; see `Segmenter.flush`."""
        self._video.flush()
        self._audio.flush()
        for piece in self._segmenter.flush(until_ms):
            self._has_cut = True
            self._put(piece)

    def in_vain(self, now_ms: int) -> tuple[EndCause, int] | None:
        """Why nothing of the take was stored, and since when, where pictures have come for
        UNREADABLE_MS_MAX."""
        if self._is_open or self._has_cut:
            return None
        none = self._segmenter.no_picture
        since_ms = none.vain_since_ms or self._segmenter.unreadable_since_ms
        if since_ms is None or now_ms - since_ms < UNREADABLE_MS_MAX:
            return None
        return none.why, since_ms

    def _cut(self, frame: EncodedFrame) -> None:
        segmenter = self._segmenter
        segmenter.sound_held = self._audio.holds
        for piece in segmenter.push(frame):
            self._has_cut = True
            self._put(piece)
