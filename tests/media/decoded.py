"""Segments as FFmpeg reads them, and what holds for those of every take."""

import io

import av
import pytest

from capture.recorder import MediaSegment, MemoryTake
from tests.support.decoded import seconds


class Decoded:
    """What a segment holds, decoded by FFmpeg with every error counted."""

    def __init__(self, segment: MediaSegment) -> None:
        self.errors = 0
        self.pictures: list[av.VideoFrame] = []
        self.sound_s = 0.0
        container = av.open(io.BytesIO(segment.data), "r")
        video = container.streams.video[0]
        video.codec_context.options = {"err_detect": "explode"}
        self.codec = video.codec_context.name
        self.size = (video.codec_context.width, video.codec_context.height)
        self.has_audio_track = bool(container.streams.audio)
        self.duration_s = container.duration / 1_000_000 if container.duration else None
        self.first_is_key: bool | None = None
        self.pts: list[float] = []
        self.keys: list[bool] = []
        self.end_s = 0.0
        for packet in container.demux():
            if packet.size and packet.stream is video:
                if self.first_is_key is None:
                    self.first_is_key = packet.is_keyframe
                self.pts.append(seconds(packet))
                self.keys.append(packet.is_keyframe)
                self.end_s = self.pts[-1] + float((packet.duration or 0) * packet.time_base)
            try:
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        self.pictures.append(frame)
                    elif isinstance(frame, av.AudioFrame):
                        self.sound_s += frame.samples / frame.sample_rate
            except av.FFmpegError:
                self.errors += 1


def check_take(take: MemoryTake) -> list[Decoded]:
    """Asserts what holds for every take without gaps; returns its decoded segments."""
    decoded = []
    for earlier, later in zip(take.segments, take.segments[1:], strict=False):
        assert later.start_unix_ms == earlier.start_unix_ms + earlier.duration_ms
    for number, segment in enumerate(take.segments):
        content = Decoded(segment)
        assert segment.seq == number
        assert content.errors == 0
        assert content.first_is_key
        assert len(content.pictures) == len(content.pts)
        assert content.pts[0] == 0
        assert content.has_audio_track == ("opus" in take.media_type)
        assert content.duration_s == pytest.approx(segment.duration_ms / 1000, abs=0.08)
        assert content.end_s == pytest.approx(segment.duration_ms / 1000, abs=0.002)
        decoded.append(content)
    return decoded
