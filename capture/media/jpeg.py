"""A JPEG checked by its structure (ITU-T T.81 annex B) and stripped of everything that is not the picture.

Nothing is decoded: this process never runs a picture decoder on what a stranger sent. Metadata, which could
say where or by what the picture was taken, is left out, and so is whatever lies behind its end.
"""

import struct

from proctoring.errors import Invalid

SIDE_PX_MAX = 4096
SIDE_PX_MIN = 64
SEGMENTS_MAX = 200

_SOI, _EOI, _SOS, _ADOBE = 0xD8, 0xD9, 0xDA, 0xEE
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman all of them
_TABLES = frozenset({0xC4, 0xDB, 0xDD})  # Huffman tables, quantization tables, restart interval
_RESTARTS = range(0xD0, 0xD8)
_REMEDY = "Take the picture again."


def picture_only(data: bytes) -> bytes:
    """The same picture as a JPEG without metadata. Raises Invalid for what is no whole one of a sane size."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise _refused("it does not begin as one")
    kept, at, frames, scans = [data[:2]], 2, 0, 0
    for _ in range(SEGMENTS_MAX):
        marker, begin = _marker(data, at)
        if marker == _EOI:
            if not (frames == 1 and scans):
                raise _refused("it holds no picture")
            return b"".join([*kept, data[begin : begin + 2]])
        end = _segment_end(data, begin)
        if marker in _FRAMES:
            _check_frame(data[begin + 4 : end])
            frames += 1
        elif marker == _SOS:
            end = _scan_end(data, end)
            scans += 1
        if marker in _FRAMES or marker in _TABLES or marker in (_SOS, _ADOBE):
            kept.append(data[begin:end])
        elif not 0xE0 <= marker <= 0xEF and marker != 0xFE:
            raise _refused(f"it holds a part {marker:02x} that is not understood")
        at = end
    raise _refused(f"it has more than {SEGMENTS_MAX} parts")


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at `at`, and where its FF lies: any number of FF may fill up before it."""
    if data[at : at + 1] != b"\xff":
        raise _refused("a part does not begin where the one before it ends")
    while data[at + 1 : at + 2] == b"\xff":
        at += 1
    if at + 2 > len(data):
        raise _refused("it is cut off")
    return data[at + 1], at


def _segment_end(data: bytes, begin: int) -> int:
    if begin + 4 > len(data):
        raise _refused("it is cut off")
    length: int = struct.unpack_from(">H", data, begin + 2)[0]
    end = begin + 2 + length
    if length < 2 or end > len(data):
        raise _refused("it is cut off")
    return end


def _check_frame(frame: bytes) -> None:
    if len(frame) < 6:
        raise _refused("its size cannot be read")
    precision, height, width, components = struct.unpack_from(">BHHB", frame)
    if precision != 8 or components not in (1, 3) or len(frame) != 6 + 3 * components:
        raise _refused("it is neither grey nor coloured with 8 bits")
    if not (SIDE_PX_MIN <= width <= SIDE_PX_MAX and SIDE_PX_MIN <= height <= SIDE_PX_MAX):
        raise _refused(f"it is {width} by {height} pixels")


def _scan_end(data: bytes, at: int) -> int:
    """Where the entropy-coded data end: at the first marker that is no stuffed zero and no restart."""
    while (at := data.find(b"\xff", at)) >= 0:
        following = data[at + 1] if at + 1 < len(data) else None
        if following is None:
            break
        if following != 0 and following not in _RESTARTS and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    raise _refused("it is cut off")


def _refused(why: str) -> Invalid:
    return Invalid(f"This is no JPEG picture: {why}.", _REMEDY)
