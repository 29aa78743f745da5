"""Reads what passthrough needs of H.264 (ITU-T H.264, RFC 6184): NAL units and parameter sets.

Each NAL unit of a frame is preceded by its 4-byte length, so media are never searched for start codes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from capture.errors import BadPayload

IDR: Final = 5
SEI: Final = 6
SPS: Final = 7
PPS: Final = 8
DELIMITER: Final = 9
STAP_A: Final = 24
FU_A: Final = 28
PARAMETER_SETS_MAX: Final = 31  # avcC counts sequence parameter sets in five bits
SLICE_HEAD_BYTES_MAX: Final = 32  # in which three codes of at most 65 bits stand, with what is put between
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
    """NAL units, each preceded by its length in 4 bytes."""
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


def is_set(nal: bytes | bytearray) -> bool:
    """Whether the NAL unit is a parameter set."""
    return nal_type(nal) in (SPS, PPS)


def begins_picture(nal: bytes | bytearray) -> bool:
    """Whether this slice is its picture's first: it begins at macroblock 0 (section 7.4.3)."""
    return is_picture(nal) and len(nal) > 1 and bool(nal[1] & 0x80)


def is_picture(nal: bytes | bytearray) -> bool:
    """Whether the NAL unit holds part of a coded picture."""
    return 1 <= nal_type(nal) <= IDR


@final
class ParameterSets:
    """The parameter sets of one stream as they come, one by one; a newer one of the same id replaces it."""

    def __init__(self, nals: Sequence[bytes] = ()) -> None:
        self._sps: dict[int, bytes] = {}
        self._pps: dict[int, bytes] = {}
        self._sps_of: dict[int, int] = {}
        self.take(nals)

    def take(self, nals: Iterable[bytes]) -> None:
        """Keeps the sets among these NAL units. One that cannot be read is none."""
        for nal in nals:
            kind = nal_type(nal)
            try:
                if kind == SPS:
                    _keep(self._sps, _ids(nal[4:], 1)[0], nal)
                elif kind == PPS:
                    identifier, of = _ids(nal[1:], 2)
                    self._sps_of[identifier] = of
                    _keep(self._pps, identifier, nal)
            except IndexError:
                continue

    def config_for(self, picture: bytes) -> H264Config | None:
        """The configuration under which a picture decodes, told by one of its slices; the set that is active
        first. None while a set that it names is missing. Raises BadPayload."""
        try:
            identifier = _ids(picture[1 : 1 + SLICE_HEAD_BYTES_MAX], 3)[2]
        except IndexError:
            raise BadPayload("A slice is cut short.") from None
        active = self._sps.get(self._sps_of.get(identifier, -1))
        if active is None:
            return None
        width, height = dimensions(active)
        others = (sps for sps in self._sps.values() if sps is not active)
        return H264Config((active, *others), tuple(self._pps.values()), width, height)


def _keep(kept: dict[int, bytes], identifier: int, nal: bytes) -> None:
    """Keeps a set, the oldest goes where there are too many."""
    if identifier not in kept and len(kept) == PARAMETER_SETS_MAX:
        del kept[next(iter(kept))]
    kept[identifier] = nal


def _ids(data: bytes, count: int) -> list[int]:
    """That many Exp-Golomb codes."""
    bits = _Bits(_without_emulation_prevention(data))
    return [bits.ue() for _ in range(count)]


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
