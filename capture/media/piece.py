"""A segment before it is written to a container: its frames, cut and timed, and their media type."""

from dataclasses import dataclass
from typing import Final, final

from capture.media.frames import VIDEO_CLOCK, Codec
from capture.media.h264 import H264Config
from capture.recorder import Absence

TICKS_PER_MS: Final = VIDEO_CLOCK // 1000
REORDERED_MAX: Final = 16  # pictures that may decode before one that is shown earlier (H.264 annex A)


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
    """A segment's content. `video` begins at tick 0 with a keyframe and is in decoding order; `audio` is
    strictly ascending. `absences` are stretches of it in which one of the two is missing.

    `audio_track` declares a track for sound, as the take's other pieces do, although this piece may hold
    none. Its holes are filled with silence when the piece is written. A piece without picture has no `config`
    and no `video`. `container` is then the codec of the stream's pictures, which decides on the file format.
    """

    start_unix_ms: int
    duration_ms: int
    config: VideoConfig | None
    video: tuple[Sample, ...]
    audio: tuple[Sample, ...]
    audio_track: bool = False
    container: Codec = Codec.VP8  # of a piece without picture; a picture's own config goes before it
    absences: tuple[Absence, ...] = ()

    @property
    def video_codec(self) -> Codec:
        """The codec of the stream's pictures, also where this piece holds none: it decides on the format."""
        if self.config is None:
            return self.container
        return Codec.H264 if isinstance(self.config, H264Config) else Codec.VP8

    @property
    def has_audio_track(self) -> bool:
        return self.audio_track or bool(self.audio) or self.config is None

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
        return media_type(self.config, self.has_audio_track, self.video_codec)

    @property
    def video_end_ticks(self) -> int:
        """Where the last picture's showing ends: at the next segment's first, exactly."""
        end = self.duration_ms * TICKS_PER_MS
        for sample in self.video[-REORDERED_MAX:]:
            end = max(end, sample.ticks + 1)
        return end


def media_type(config: VideoConfig | None, audio: bool, container: Codec = Codec.VP8) -> str:
    """What `MediaSource.addSourceBuffer` is to be called with. Without a `config` it is sound alone, in the
    format in which `container` is stored."""
    if config is None:
        return f'audio/{"mp4" if container is Codec.H264 else "webm"}; codecs="opus"'
    if isinstance(config, H264Config):
        kind, codec = "mp4", config.codec_string
    else:
        kind, codec = "webm", Codec.VP8.value
    return f'video/{kind}; codecs="{codec}{",opus" if audio else ""}"'
