"""Decodes the first picture and all sound of one stored segment; runs in the child process alone.

The container is from our own writer, so its format is known; the media in it are a stranger's.
"""

import io
from typing import Any

import av
import numpy as np

from capture.signals.measures import Picture, Samples

EBML = b"\x1a\x45\xdf\xa3"
PIXELS_MAX = 3840 * 2160
SAMPLES_MAX = 48_000 * 60


def decode(segment: bytes) -> tuple[Picture | None, Samples | None]:
    """The picture at the segment's start; its sound, mono, -1 to 1. None for what is not there or breaks.

    Raises av.FFmpegError when the container itself does not read."""
    container_format = "matroska" if segment.startswith(EBML) else "mp4"
    with av.open(io.BytesIO(segment), "r", format=container_format) as container:
        video = next(iter(container.streams.video), None)
        audio = next(iter(container.streams.audio), None)
        if video is not None:
            video.codec_context.thread_count = 1
        picture: Picture | None = None
        blocks: list[Samples] = []
        room = SAMPLES_MAX
        for packet in container.demux([one for one in (video, audio) if one is not None]):
            try:
                if packet.stream is video:
                    if picture is None and packet.is_keyframe:
                        picture = _picture(video, packet)
                elif audio is not None and packet.size and room > 0:
                    for frame in audio.codec_context.decode(packet):
                        block = _mono(frame)
                        blocks.append(block)
                        room -= block.size
            except av.FFmpegError:
                continue
    return picture, np.concatenate(blocks) if blocks else None


def _picture(video: "av.VideoStream", packet: "av.Packet[Any]") -> Picture | None:
    context = video.codec_context
    if context.width * context.height > PIXELS_MAX:
        return None
    frames = context.decode(packet) or context.decode(None)
    return np.asarray(frames[0].to_ndarray(format="bgr24"), np.uint8) if frames else None


def _mono(frame: "av.AudioFrame") -> Samples:
    samples = frame.to_ndarray().astype(np.float32)  # our build decodes Opus to floats
    if not frame.format.is_planar and len(frame.layout.channels) > 1:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    return np.asarray(samples.mean(axis=0), np.float32)
