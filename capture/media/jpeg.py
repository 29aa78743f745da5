"""Checks a JPEG by its structure (ITU-T T.81, annex B) and rewrites it with nothing but the picture.

Nothing is decoded: this process never runs a picture decoder on a stranger's bytes. Left out are application
segments, comments, fill bytes, and everything after the picture's end. They could tell place and camera, or
carry anything.

Parts with more bytes than they need are refused. Such are a table longer than it says, defined twice or
unused, a repeated scan, and more restarts than the picture has. One place remains: bytes after the last block
of a scan, which only a decoder could find.
"""

import struct

from capture.media.jpeg_refusal import refused
from capture.media.jpeg_scans import SIDE_PX_MIN as SIDE_PX_MIN
from capture.media.jpeg_scans import Frame, read_frame, scan_data
from capture.media.jpeg_tables import huffman_tables, quantisation_tables

SEGMENTS_MAX = 200

_SOI, _EOI, _SOS, _ADOBE, _DHT, _DQT, _DRI, _COMMENT = 0xD8, 0xD9, 0xDA, 0xEE, 0xC4, 0xDB, 0xDD, 0xFE
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive; Huffman all of them
_APPLICATIONS = range(0xE0, 0xF0)
_RESTARTS = range(0xD0, 0xD8)
_ADOBE_HEAD = b"Adobe\x00\x64\x00\x00\x00\x00"
_ADOBE_BYTES = 12
_COLOURS = b"\x00\x01"  # what an Adobe segment may say of three colours: as they are, or YCbCr


def picture_only(data: bytes) -> bytes:
    """The same picture and nothing else. Raises Invalid unless it is one whole picture of a sane size, and
    for one that carries more than a picture."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise refused("it does not begin as one")
    picture, at = _Picture(), 2
    for _ in range(SEGMENTS_MAX):
        marker, begin = _marker(data, at)
        if marker == _EOI:
            return picture.whole()
        end = _segment_end(data, begin)
        part = data[begin + 4 : end]
        if marker == _SOS:
            at = _scan_end(data, end)
            picture.scan(part, data[end:at])
            continue
        picture.part(marker, part)
        at = end
    raise refused(f"it has more than {SEGMENTS_MAX} parts")


class _Picture:
    """What was read so far, and as it is written anew."""

    def __init__(self) -> None:
        self._kept = [bytes((0xFF, _SOI))]
        self._frame: Frame | None = None
        self._quantisers: set[int] = set()
        self._codes: set[tuple[int, int]] = set()
        self._unused: set[tuple[int, int]] = set()
        self._interval: int | None = None
        self._colours = False

    def part(self, marker: int, part: bytes) -> None:
        """Any segment but a scan."""
        if marker in _FRAMES:
            if self._frame is not None:
                raise refused("it holds two pictures")
            self._frame = read_frame(marker, part)
        elif marker == _DQT:
            self._quantise(part)
        elif marker == _DHT:
            self._code(part)
        elif marker == _DRI:
            if self._interval is not None or len(part) != 2:
                raise refused("its restart interval is not as long as it says")
            self._interval = struct.unpack(">H", part)[0]
        elif marker == _ADOBE and part[:5] == _ADOBE_HEAD[:5]:
            self._adobe(part)
            return
        elif marker in _APPLICATIONS or marker == _COMMENT:
            return
        else:
            raise refused(f"it holds a part {marker:02x} that is not understood")
        self._keep(marker, part)

    def scan(self, header: bytes, data: bytes) -> None:
        if self._frame is None:
            raise refused("it holds no picture")
        tables, units = self._frame.take(header)
        if not tables <= self._codes:
            raise refused("a scan uses a table that is not there")
        self._unused -= tables
        self._keep(_SOS, header)
        self._kept.append(scan_data(data, units, self._interval or 0))

    def whole(self) -> bytes:
        """The picture. Raises Invalid unless all of it was there, and nothing else."""
        if self._frame is None or not self._frame.is_whole():
            raise refused("it holds no picture")
        wanted = {component.table for component in self._frame.components.values()}
        if self._unused or self._quantisers != wanted:
            raise refused("a table is used by nothing, or is not there")
        return b"".join([*self._kept, bytes((0xFF, _EOI))])

    def _quantise(self, part: bytes) -> None:
        for number in quantisation_tables(part):
            if number in self._quantisers:
                raise refused("a table is there twice")
            self._quantisers.add(number)

    def _code(self, part: bytes) -> None:
        """A code may take another one's place once a scan has used that: as progressive pictures do."""
        for code in huffman_tables(part):
            if code in self._unused:
                raise refused("a table is there twice")
            self._unused.add(code)
            self._codes.add(code)

    def _adobe(self, part: bytes) -> None:
        """The one application segment that says how to read the colours; no more of it is kept than that."""
        if self._colours or len(part) != _ADOBE_BYTES or part[-1] not in _COLOURS:
            raise refused("how to read its colours is not said as it must be")
        self._colours = True
        self._keep(_ADOBE, _ADOBE_HEAD + part[-1:])

    def _keep(self, marker: int, part: bytes) -> None:
        self._kept.append(struct.pack(">BBH", 0xFF, marker, len(part) + 2) + part)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at `at`, and the offset of its FF: any number of FF may fill up before it."""
    if data[at : at + 1] != b"\xff":
        raise refused("a part does not begin where the one before it ends")
    while data[at + 1 : at + 2] == b"\xff":
        at += 1
    if at + 2 > len(data):
        raise refused("it is cut off")
    return data[at + 1], at


def _segment_end(data: bytes, begin: int) -> int:
    if begin + 4 > len(data):
        raise refused("it is cut off")
    length: int = struct.unpack_from(">H", data, begin + 2)[0]
    end = begin + 2 + length
    if length < 2 or end > len(data):
        raise refused("it is cut off")
    return end


def _scan_end(data: bytes, at: int) -> int:
    """Where the entropy-coded data end: at the first marker that is no stuffed zero and no restart."""
    while (at := data.find(b"\xff", at)) >= 0:
        following = data[at + 1] if at + 1 < len(data) else None
        if following is None:
            break
        if following != 0 and following not in _RESTARTS and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    raise refused("it is cut off")
