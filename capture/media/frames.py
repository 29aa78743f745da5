"""An encoded frame as it left the network: the data between the receive path and the segmenter."""

from enum import StrEnum
from typing import Final, final

VIDEO_CLOCK: Final = 90_000  # ticks per second, RFC 6184 and RFC 7741
AUDIO_CLOCK: Final = 48_000  # ticks per second, RFC 7587


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


@final
class EncodedFrame:
    """One whole video frame or one audio packet; it never changes.

    `ticks` is the unrolled RTP timestamp; it only grows with the sender's clock. `arrival_ms` is the Unix
    time at which the frame's first packet reached us. H.264 data is NAL units, each preceded by its length in
    4 bytes, as in ISO/IEC 14496-15. VP8 and Opus are as the codec made them. `after_loss` marks a keyframe
    before which frames were lost.
    """

    def __init__(
        self,
        codec: Codec,
        ticks: int,
        arrival_ms: int,
        data: bytes,
        *,
        keyframe: bool = True,
        after_loss: bool = False,
    ) -> None:
        self.codec: Final = codec
        self.ticks: Final = ticks
        self.arrival_ms: Final = arrival_ms
        self.data: Final = data
        self.keyframe: Final = keyframe
        self.after_loss: Final = after_loss

    def moved(self, ticks: int, arrival_ms: int) -> "EncodedFrame":
        """The same frame at another time."""
        return EncodedFrame(
            self.codec, ticks, arrival_ms, self.data, keyframe=self.keyframe, after_loss=self.after_loss
        )


def unrolled(last: int, timestamp: int) -> int:
    """A 32-bit RTP timestamp as a counter that does not wrap, near the `last` one (negative: none yet)."""
    if last < 0:
        return timestamp + (1 << 32)  # so that a reordered earlier one stays positive
    return last + ((timestamp - last + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
