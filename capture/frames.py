"""An encoded frame as it left the network, and the counters of RTP unrolled to plain integers.

The receive path behind `EncodedFrame` may be exchanged without the segmenter noticing.
"""

from dataclasses import dataclass
from enum import StrEnum

VIDEO_CLOCK = 90_000  # ticks per second, RFC 6184 and RFC 7741
AUDIO_CLOCK = 48_000  # ticks per second, RFC 7587


class Codec(StrEnum):
    """What is recorded. One video codec per take; audio is Opus or absent."""

    H264 = "h264"
    VP8 = "vp8"
    OPUS = "opus"

    @property
    def is_video(self) -> bool:
        return self is not Codec.OPUS

    @property
    def clock_rate(self) -> int:
        """RTP ticks per second."""
        return VIDEO_CLOCK if self.is_video else AUDIO_CLOCK


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One whole video frame or one audio packet.

    `ticks` is the unrolled RTP timestamp; it only ever grows by what the sender's clock grew. `arrival_ms`
    is the Unix time at which the frame's first packet reached us. H.264 data is NAL units, each behind its
    length in 4 bytes, as in ISO/IEC 14496-15; VP8 and Opus are as the codec made them.
    `after_loss` marks a keyframe before which frames were lost.
    """

    codec: Codec
    ticks: int
    arrival_ms: int
    data: bytes
    keyframe: bool = True
    after_loss: bool = False


class Unroller:
    """Turns a counter of `bits` bits that wraps into one that does not, for steps under half its range."""

    def __init__(self, bits: int) -> None:
        self._range = 1 << bits
        self._last: int | None = None

    def __call__(self, value: int) -> int:
        if self._last is None:
            # Begin one range up, so that a reordered earlier value stays positive.
            self._last = value + self._range
            return self._last
        step = (value - self._last) % self._range
        if step >= self._range // 2:
            return self._last + step - self._range
        self._last += step
        return self._last
