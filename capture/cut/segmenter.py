"""Cuts a take's frames into pieces of about 4 s that each begin with a keyframe.

Invariants: pieces abut unless a gap lies between; every whole video frame since the first keyframe is in
exactly one piece (those after a limit was hit, up to the next keyframe, excepted); every audio packet is in
the piece in which it starts. Pure: time comes with the frames.

While sound goes on and video stands still, a piece is cut every STALL_MS. The next one repeats, within its
first milliseconds, the pictures since the last keyframe: it plays alone, shows the last picture, and what the
sender makes next still decodes.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, final

from capture.clock.deviceclock import DeviceClock
from capture.clock.mediaclock import TrackClock, to_ms
from capture.errors import BadPayload
from capture.media import h264, opus, vp8
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame
from capture.media.piece import TICKS_PER_MS, Piece, Sample, VideoConfig, Vp8Config, media_type

SEGMENT_MS: Final = 4_000
CUT_EARLY_MS: Final = 250  # a keyframe this much before the target is taken rather than one much after it
SEGMENT_MS_MAX: Final = 60_000  # a sender that ignores our requests for keyframes
SEGMENT_BYTES_MAX: Final = 16 << 20
GAP_MS: Final = 1_000  # a loss longer than this leaves a gap
LATE_AUDIO_MS: Final = 500  # how long a cut piece waits for its last audio
OPENING_MS: Final = 1_000  # how long the first media type waits to see whether audio comes
KEYFRAME_REQUEST_MS: Final = 1_000  # at most one request per this time
STILL_MS_MAX: Final = 10_000  # how long a last picture may be taken to have shown
LAST_FRAME_MS: Final = 40  # how long a picture shows that no other follows, when nothing better is known
STALL_MS: Final = 10_000  # without a picture while there is sound
REPEATED_MS: Final = 1  # between repeated pictures
REPEATED_BYTES_MAX: Final = 4 << 20
AUDIO_PENDING_MAX: Final = 20_000  # packets: beyond, no keyframe is coming
AUDIO_AHEAD_MAX: Final = 50  # packets kept while no piece is open: what may start in the next one
HALF_MS_US: Final = 500  # a piece's start is rounded to milliseconds; its audio may seem that much earlier


@dataclass(slots=True)
class _Open:
    """The piece being filled. `start_ms` is None while the take's clock is still settling."""

    config: VideoConfig
    first_arrival_ms: int
    target_ms: int
    start_ms: int | None
    abuts: bool
    frames: list[EncodedFrame] = field(default_factory=list)
    size: int = 0

    def age_ms(self, ticks: int) -> int:
        return (ticks - self.frames[0].ticks) // TICKS_PER_MS


@dataclass(slots=True)
class _Closing:
    """A piece whose video is complete, waiting for the audio that starts before `boundary_us`."""

    open: _Open
    start_ms: int
    end_ms: int
    boundary_us: int
    give_up_ms: int


@final
class Segmenter:
    """Frames of one take in, finished pieces out.

    `first_target_ms` spreads the cuts of many publishers over time. `expects_audio` says whether audio was
    negotiated. `device` is the clock that this take shares with the others of its device.
    """

    def __init__(
        self,
        *,
        first_target_ms: int = SEGMENT_MS,
        expects_audio: bool = True,
        device: DeviceClock | None = None,
    ) -> None:
        self.audio_dropped = 0
        self._target_ms = first_target_ms
        self._expects_audio = expects_audio
        device = device or DeviceClock()
        self._video_clock = TrackClock(VIDEO_CLOCK, device)
        self._audio_clock = TrackClock(AUDIO_CLOCK, device)
        self._open: _Open | None = None
        self._closing: _Closing | None = None
        self._config: VideoConfig | None = None
        self._last_ticks: int | None = None
        self._audio: deque[EncodedFrame] = deque()
        self._abut_ms: int | None = None  # where a piece that begins now starts, if it abuts
        self._end_ms: int | None = None  # where the last piece ended
        self._asked_ms: int | None = None

    def push(self, frame: EncodedFrame) -> list[Piece]:
        """Takes the next frame; returns the pieces it completes. A malformed frame counts as not there."""
        pieces: list[Piece] = []
        try:
            if frame.codec is Codec.OPUS:
                self._push_audio(frame, pieces)
            else:
                self._push_video(frame, pieces)
        except BadPayload:
            pass
        closing = self._closing
        if closing is not None and (frame.arrival_ms >= closing.give_up_ms or self._has_all_audio(closing)):
            self._complete(pieces)
        return pieces

    def report(self, codec: Codec, ntp: int, rtp: int, arrival_ms: int) -> None:
        """Takes a sender report of one of the tracks; see `TrackClock.report`."""
        clock = self._video_clock if codec.is_video else self._audio_clock
        clock.report(ntp, rtp, arrival_ms)

    def flush(self, until_ms: int | None = None) -> list[Piece]:
        """Everything that is whole; afterwards the segmenter is empty and waits for a keyframe.

        `until_ms` is given when the publisher was there until then: its last picture showed as long.
        """
        pieces: list[Piece] = []
        if self._open is not None:
            last = self._open.frames[-1]
            self._break_off(pieces, last.arrival_ms, 0 if until_ms is None else until_ms - last.arrival_ms)
        self._complete(pieces)
        return pieces

    def opening(self, now_ms: int) -> tuple[str, int] | None:
        """The media type and provisional Unix start of the take, once they are known."""
        if self._open is None:
            return None
        if self._expects_audio and not self._audio and now_ms - self._open.first_arrival_ms < OPENING_MS:
            return None
        start = self._video_clock.unix_us(self._open.frames[0].ticks)
        return media_type(self._open.config, bool(self._audio)), to_ms(start)

    def wants_keyframe(self, now_ms: int, lost: bool = False) -> bool:
        """Whether to ask the sender for a keyframe now; true at most once per KEYFRAME_REQUEST_MS.

        `lost` says that video stands still until one comes.
        """
        if (
            self._open is not None
            and not lost
            and now_ms - self._open.first_arrival_ms < self._open.target_ms
        ):
            return False
        if self._asked_ms is not None and 0 <= now_ms - self._asked_ms < KEYFRAME_REQUEST_MS:
            return False
        self._asked_ms = now_ms
        return True

    def _push_audio(self, frame: EncodedFrame, pieces: list[Piece]) -> None:
        opus.duration_ticks(frame.data)
        clock, ticks, arrival_ms = self._audio_clock, frame.ticks, frame.arrival_ms
        if clock.jumped_ahead(ticks, arrival_ms):
            self.audio_dropped += len(self._audio)
            self._audio.clear()
            clock.anchor(ticks, arrival_ms)
        clock.observe(ticks, arrival_ms)
        self._audio.append(frame)
        filling = self._open is not None or self._closing is not None
        if len(self._audio) > (AUDIO_PENDING_MAX if filling else AUDIO_AHEAD_MAX):
            self._audio.popleft()
            self.audio_dropped += 1
        if self._open is not None and arrival_ms - self._open.frames[-1].arrival_ms >= STALL_MS:
            self._cut_stalled(arrival_ms, pieces)

    def _cut_stalled(self, now_ms: int, pieces: list[Piece]) -> None:
        """Ends the open piece here; the next one repeats the pictures that its last one leans on."""
        opened = self._open
        assert opened is not None
        frames = opened.frames
        since_key = next(i for i in range(len(frames) - 1, -1, -1) if frames[i].keyframe)
        repeated = frames[since_key:]
        end_ticks = frames[-1].ticks + (now_ms - frames[-1].arrival_ms) * TICKS_PER_MS
        self._close(end_ticks, pieces, now_ms)
        size = sum(len(frame.data) for frame in repeated)
        if size > REPEATED_BYTES_MAX:
            self._abut_ms = None
            return
        step = REPEATED_MS * TICKS_PER_MS
        again = [frame.moved(end_ticks + number * step, now_ms) for number, frame in enumerate(repeated)]
        self._open = self._begin(opened.config, again[0])
        self._open.frames, self._open.size = again, size
        self._last_ticks = again[-1].ticks

    def _push_video(self, frame: EncodedFrame, pieces: list[Piece]) -> None:
        try:
            config = self._config_of(frame) if frame.keyframe else None
        except BadPayload:
            self._break_off(pieces, frame.arrival_ms)
            return
        last = self._last_ticks
        if last is not None and last >= frame.ticks > last - VIDEO_CLOCK:
            frame = frame.moved(last + 1, frame.arrival_ms)  # some senders stamp two pictures alike
        went_back = last is not None and frame.ticks <= last
        if went_back or self._video_clock.jumped_ahead(frame.ticks, frame.arrival_ms):
            self._break_off(pieces, frame.arrival_ms)
            self._video_clock.anchor(frame.ticks, frame.arrival_ms)
        opened = self._open
        if opened is not None:
            if frame.after_loss and frame.ticks - opened.frames[-1].ticks > GAP_MS * TICKS_PER_MS:
                self._break_off(pieces, frame.arrival_ms)
            elif _is_full(opened, frame) or (config is not None and _is_due(opened, frame, config)):
                self._close(frame.ticks, pieces, frame.arrival_ms)
        self._video_clock.observe(frame.ticks, frame.arrival_ms)
        self._last_ticks = frame.ticks
        if self._open is None:
            if config is None:
                self._abut_ms = None
                return
            self._open = self._begin(config, frame)
        self._open.frames.append(frame)
        self._open.size += len(frame.data)

    def _begin(self, config: VideoConfig, frame: EncodedFrame) -> _Open:
        start, self._abut_ms = self._abut_ms, None
        abuts = start is not None
        if start is None and self._video_clock.settled:
            start = self._not_before(to_ms(self._video_clock.unix_us(frame.ticks)))
        opened = _Open(config, frame.arrival_ms, self._target_ms, start, abuts)
        self._config = config
        self._target_ms = SEGMENT_MS
        self._asked_ms = None
        return opened

    def _config_of(self, keyframe: EncodedFrame) -> VideoConfig | None:
        """What the keyframe says of itself, or the parameter sets seen last. None when it has neither."""
        if keyframe.codec is Codec.VP8:
            return Vp8Config(*vp8.dimensions(keyframe.data))
        return h264.config_of(list(h264.split(keyframe.data))) or self._config

    def _break_off(self, pieces: list[Piece], now_ms: int, shown_ms: int = 0) -> None:
        """Closes the open piece, if any, where its last picture ends, and leaves a gap."""
        opened = self._open
        if opened is None:
            return
        last = opened.frames[-1].ticks
        # With nothing behind it, a picture is taken to show as long as the one before it did.
        step = last - opened.frames[-2].ticks if len(opened.frames) > 1 else LAST_FRAME_MS * TICKS_PER_MS
        shown = max(min(step, GAP_MS * TICKS_PER_MS), min(shown_ms, STILL_MS_MAX) * TICKS_PER_MS)
        self._close(last + shown, pieces, now_ms)
        self._abut_ms = None

    def _close(self, end_ticks: int, pieces: list[Piece], now_ms: int) -> None:
        """Ends the open piece's video; what begins next abuts."""
        self._complete(pieces)
        opened, self._open = self._open, None
        assert opened is not None
        clock = self._video_clock
        if opened.start_ms is None:
            clock.settle()
            if not self._audio_clock.settled:
                self._audio_clock.settle()
            start_ms = self._not_before(to_ms(clock.unix_us(opened.frames[0].ticks)))
            boundary_us = clock.unix_us(end_ticks)
            self._abut_ms = to_ms(boundary_us)
        else:
            start_ms = opened.start_ms
            boundary_us = clock.unix_us(end_ticks)
            if clock.settle():
                # What comes next is timed by the slewed clock; so is this end, or the two would not abut.
                self._abut_ms = to_ms(clock.unix_us(end_ticks))
            else:
                clock.anchor(end_ticks, now_ms)
                self._abut_ms = None
        end_ms = max(self._abut_ms or to_ms(boundary_us), start_ms + 1)
        self._abut_ms = self._abut_ms and end_ms
        self._end_ms = end_ms
        self._closing = _Closing(opened, start_ms, end_ms, boundary_us, now_ms + LATE_AUDIO_MS)

    def _not_before(self, start_ms: int) -> int:
        """A start that does not overlap what was cut before."""
        return start_ms if self._end_ms is None else max(start_ms, self._end_ms)

    def _has_all_audio(self, closing: _Closing) -> bool:
        if not self._audio:
            return not self._audio_clock.running
        return self._audio_clock.unix_us(self._audio[-1].ticks) >= closing.boundary_us

    def _complete(self, pieces: list[Piece]) -> None:
        closing, self._closing = self._closing, None
        if closing is None:
            return
        frames = closing.open.frames
        video = tuple(Sample(frame.ticks - frames[0].ticks, frame.data, frame.keyframe) for frame in frames)
        audio = tuple(self._take_audio(closing))
        duration_ms = closing.end_ms - closing.start_ms
        pieces.append(Piece(closing.start_ms, duration_ms, closing.open.config, video, audio))
        if not self._audio_clock.settle() and self._audio:
            self._audio_clock.anchor(self._audio[-1].ticks, self._audio[-1].arrival_ms)

    def _take_audio(self, closing: _Closing) -> list[Sample]:
        """Takes the audio that starts before the boundary from the queue, timed from the piece's start."""
        taken: list[Sample] = []
        least = 0
        clock, start_us = self._audio_clock, closing.start_ms * 1000
        while self._audio and (at_us := clock.unix_us(self._audio[0].ticks)) < closing.boundary_us:
            frame = self._audio.popleft()
            since_us = at_us - start_us
            if since_us < -HALF_MS_US and not closing.open.abuts:
                self.audio_dropped += 1  # it lies before the take or in a gap
                continue
            least = max(since_us * AUDIO_CLOCK // 1_000_000, least)
            taken.append(Sample(least, frame.data))
            least += 1
        return taken


def _is_due(opened: _Open, frame: EncodedFrame, config: VideoConfig) -> bool:
    return config != opened.config or opened.age_ms(frame.ticks) >= opened.target_ms - CUT_EARLY_MS


def _is_full(opened: _Open, frame: EncodedFrame) -> bool:
    return opened.size + len(frame.data) > SEGMENT_BYTES_MAX or opened.age_ms(frame.ticks) >= SEGMENT_MS_MAX
