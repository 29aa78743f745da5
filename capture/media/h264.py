"""Reads what passthrough needs of H.264 (ITU-T H.264, RFC 6184): NAL units and parameter sets.

Frames travel as NAL units behind 4-byte lengths, so that no start code is ever searched for in media.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from capture.errors import BadPayload

IDR: Final = 5
SPS: Final = 7
PPS: Final = 8
DELIMITER: Final = 9
STAP_A: Final = 24
FU_A: Final = 28
PARAMETER_SETS_MAX: Final = 31  # avcC counts sequence parameter sets in five bits
DIMENSION_MAX: Final = 16_384
_CHROMA_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


@dataclass(frozen=True, slots=True)
class H264Config:
    """The parameter sets under which following frames decode, with the picture size in pixels."""

    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    width: int
    height: int

    @property
    def codec_string(self) -> str:
        """RFC 6381 name, such as `avc1.42e01f`."""
        return "avc1." + self.sps[0][1:4].hex()


def length_prefixed(nals: Sequence[bytes | bytearray]) -> bytes:
    """NAL units, each behind its length in 4 bytes."""
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


def split(frame: bytes) -> Iterator[bytes]:
    """The NAL units of a length-prefixed frame. Raises BadPayload when a length overruns it."""
    position = 0
    while position < len(frame):
        end = position + 4 + int.from_bytes(frame[position : position + 4], "big")
        if end > len(frame) or end == position + 4:
            raise BadPayload("A NAL unit overruns its frame.")
        yield frame[position + 4 : end]
        position = end


def nal_type(nal: bytes | bytearray) -> int:
    """The NAL unit's type, from its first byte."""
    return nal[0] & 0x1F


def is_picture(nal: bytes | bytearray) -> bool:
    """Whether the NAL unit holds part of a coded picture."""
    return 1 <= nal_type(nal) <= IDR


def config_of(nals: Sequence[bytes]) -> H264Config | None:
    """The configuration that a frame carries, or None when it carries none. Raises BadPayload."""
    sps = tuple(dict.fromkeys(nal for nal in nals if nal_type(nal) == SPS))
    pps = tuple(dict.fromkeys(nal for nal in nals if nal_type(nal) == PPS))
    if not sps or not pps:
        return None
    if len(sps) > PARAMETER_SETS_MAX or len(pps) > PARAMETER_SETS_MAX:
        raise BadPayload("A frame carries too many parameter sets.")
    width, height = dimensions(sps[0])
    return H264Config(sps, pps, width, height)


def dimensions(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels after cropping (H.264 section 7.3.2.1.1). Raises BadPayload."""
    return _read(sps)[:2]


def sample_format(sps: bytes) -> tuple[int, int, int]:
    """chroma_format_idc and the bit depths of luma and chroma less 8. Raises BadPayload."""
    return _read(sps)[2:]


def _read(sps: bytes) -> tuple[int, int, int, int, int]:
    try:
        result = _read_sps(sps)
    except IndexError:
        raise BadPayload("A sequence parameter set is cut short.") from None
    width, height, chroma, *depths = result
    if not 0 < width <= DIMENSION_MAX or not 0 < height <= DIMENSION_MAX:
        raise BadPayload(f"A sequence parameter set claims a picture of {width} by {height}.")
    if chroma > 3 or max(depths) > 6:
        raise BadPayload("A sequence parameter set claims an impossible sample format.")
    return result


def _read_sps(sps: bytes) -> tuple[int, int, int, int, int]:
    if len(sps) < 4:
        raise IndexError
    profile = sps[1]
    bits = _Bits(_without_emulation_prevention(sps[4:]))
    bits.ue()  # seq_parameter_set_id
    chroma = 1
    separate_planes = luma_depth = chroma_depth = 0
    if profile in _CHROMA_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            separate_planes = bits.u(1)
        luma_depth = bits.ue()
        chroma_depth = bits.ue()
        bits.u(1)  # qpprime_y_zero_transform_bypass_flag
        if bits.u(1):
            _skip_scaling_matrix(bits, 8 if chroma != 3 else 12)
    bits.ue()  # log2_max_frame_num_minus4
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.ue()
        bits.ue()
        for _ in range(bits.ue()):
            bits.ue()
    bits.ue()  # max_num_ref_frames
    bits.u(1)  # gaps_in_frame_num_value_allowed_flag
    width = (bits.ue() + 1) * 16
    map_units = bits.ue() + 1
    frame_only = bits.u(1)
    height = map_units * 16 * (2 - frame_only)
    if not frame_only:
        bits.u(1)  # mb_adaptive_frame_field_flag
    bits.u(1)  # direct_8x8_inference_flag
    if bits.u(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        subsampled = not separate_planes and chroma in (1, 2)
        unit_x = 2 if subsampled else 1
        unit_y = (2 if chroma == 1 and not separate_planes else 1) * (2 - frame_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    return width, height, chroma, luma_depth, chroma_depth


def _skip_scaling_matrix(bits: "_Bits", lists: int) -> None:
    for index in range(lists):
        if not bits.u(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _without_emulation_prevention(data: bytes) -> bytes:
    return data.replace(b"\x00\x00\x03", b"\x00\x00")


class _Bits:
    """Reads bits and Exp-Golomb codes (H.264 section 9.1). Raises IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def u(self, count: int) -> int:
        value = 0
        for _ in range(count):
            byte = self._data[self._position >> 3]
            value = value << 1 | byte >> (7 - (self._position & 7)) & 1
            self._position += 1
        return value

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)
