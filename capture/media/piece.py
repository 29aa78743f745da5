"""A segment before it is written to a container: its frames, cut and timed, and their media type."""

from dataclasses import dataclass
from typing import Final, final

from capture.media.frames import VIDEO_CLOCK, Codec
from capture.media.h264 import H264Config

TICKS_PER_MS: Final = VIDEO_CLOCK // 1000


@dataclass(frozen=True, slots=True)
class Vp8Config:
    """A VP8 picture's size in pixels."""

    width: int
    height: int


VideoConfig = H264Config | Vp8Config


@final
class Sample:
    """A frame at `ticks` since the segment's start, in its own clock rate; it never changes."""

    def __init__(self, ticks: int, data: bytes, keyframe: bool = True) -> None:
        self.ticks: Final = ticks
        self.data: Final = data
        self.keyframe: Final = keyframe


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment's content. `video` begins at tick 0 with a keyframe; both lists are strictly ascending.

    `audio_track` declares a track for sound although this piece may hold none, as the take's others do.
    """

    start_unix_ms: int
    duration_ms: int
    config: VideoConfig
    video: tuple[Sample, ...]
    audio: tuple[Sample, ...]
    audio_track: bool = False

    @property
    def has_audio_track(self) -> bool:
        return self.audio_track or bool(self.audio)

    @property
    def size(self) -> int:
        """Of the frames, in bytes."""
        size = 0
        for sample in self.video:
            size += len(sample.data)
        for sample in self.audio:
            size += len(sample.data)
        return size

    @property
    def media_type(self) -> str:
        return media_type(self.config, self.has_audio_track)

    @property
    def video_end_ticks(self) -> int:
        """Where the last picture's showing ends: at the next segment's first, exactly."""
        return max(self.duration_ms * TICKS_PER_MS, self.video[-1].ticks + 1)


def media_type(config: VideoConfig, audio: bool) -> str:
    """What `MediaSource.addSourceBuffer` is to be called with."""
    if isinstance(config, H264Config):
        container, codec = "video/mp4", config.codec_string
    else:
        container, codec = "video/webm", Codec.VP8.value
    return f'{container}; codecs="{codec}{",opus" if audio else ""}"'
