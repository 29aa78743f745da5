"""Frame and scans of a JPEG (ITU-T T.81, B.2.2 and B.2.3): each part of the picture comes once.

Nothing is decoded. The result names the tables that each scan uses. It is certain that no scan repeats
another, and that there are as many restart intervals as the picture has.
"""

import re
import struct
from dataclasses import dataclass, field

from capture.media.jpeg_refusal import refused
from capture.media.jpeg_tables import AC, BLOCK, DC, TABLES_MAX

SIDE_PX_MAX = 4096
SIDE_PX_MIN = 64
SAMPLING_MAX = 4
BIT_MAX = 13
PROGRESSIVE = 0xC2
_NOT_SEEN = -1
_FILL = re.compile(rb"\xff{2,}(?=[\xd0-\xd7])")  # any number of FF may stand before a marker
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")


@dataclass(slots=True)
class Component:
    """One colour. `bits`: of each coefficient the lowest bit that came so far."""

    across: int
    down: int
    table: int
    bits: list[int] = field(default_factory=lambda: [_NOT_SEEN] * BLOCK)


@dataclass(slots=True)
class Frame:
    """What SOF says, and what its scans have said so far."""

    progressive: bool
    width: int
    height: int
    components: dict[int, Component]

    def take(self, header: bytes) -> tuple[set[tuple[int, int]], int]:
        """A scan's header: the Huffman tables that it uses, and how many units a restart counts (T.81, A.2).

        Raises Invalid, also when it repeats what was said before.
        """
        count = header[0] if header else 0
        if not 1 <= count <= len(self.components) or len(header) != 4 + 2 * count:
            raise refused("a scan's header is not as long as it says")
        chosen = {header[1 + 2 * at]: header[2 + 2 * at] for at in range(count)}
        first, last, high, low = header[-3], header[-2], header[-1] >> 4, header[-1] & 15
        if len(chosen) < count or not chosen.keys() <= self.components.keys():
            raise refused("a scan is of a colour that the picture has not")
        if not self._may_be(count, first, last, high, low):
            raise refused("a scan is of no part of the picture")
        tables: set[tuple[int, int]] = set()
        for name, numbers in chosen.items():
            self._note(self.components[name], first, last, high, low)
            if first == 0 and high == 0:
                tables.add((DC, numbers >> 4))
            if last > 0:
                tables.add((AC, numbers & 15))
        return tables, self._units(list(chosen))

    def is_whole(self) -> bool:
        """Whether each colour was there."""
        return all(component.bits[0] != _NOT_SEEN for component in self.components.values())

    def _may_be(self, count: int, first: int, last: int, high: int, low: int) -> bool:
        if not self.progressive:
            return (first, last, high, low) == (0, BLOCK - 1, 0, 0)
        if (high and high != low + 1) or low > BIT_MAX:
            return False
        return last == 0 if first == 0 else first <= last < BLOCK and count == 1

    def _note(self, component: Component, first: int, last: int, high: int, low: int) -> None:
        for at in range(first, last + 1):
            if component.bits[at] != (high or _NOT_SEEN):
                raise refused("a scan says again what another one said")
            component.bits[at] = low

    def _units(self, names: list[int]) -> int:
        across = max(one.across for one in self.components.values())
        down = max(one.down for one in self.components.values())
        if len(names) > 1:
            return -(-self.width // (8 * across)) * -(-self.height // (8 * down))
        one = self.components[names[0]]
        wide, high = -(-self.width * one.across // across), -(-self.height * one.down // down)
        return -(-wide // 8) * -(-high // 8)


def read_frame(marker: int, part: bytes) -> Frame:
    """The frame of a picture of a sane size. Raises Invalid."""
    if len(part) < 6:
        raise refused("its size cannot be read")
    precision, height, width, count = struct.unpack_from(">BHHB", part)
    if precision != 8 or count not in (1, 3) or len(part) != 6 + 3 * count:
        raise refused("it is neither grey nor coloured with 8 bits")
    if not (SIDE_PX_MIN <= width <= SIDE_PX_MAX and SIDE_PX_MIN <= height <= SIDE_PX_MAX):
        raise refused(f"it is {width} by {height} pixels")
    components = {}
    for name, sampling, table in struct.iter_unpack(">BBB", part[6:]):
        components[name] = Component(sampling >> 4, sampling & 15, table)
        one = components[name]
        if not (1 <= one.across <= SAMPLING_MAX and 1 <= one.down <= SAMPLING_MAX and table < TABLES_MAX):
            raise refused("its colours cannot be read")
    if len(components) < count:
        raise refused("its colours cannot be read")
    return Frame(marker == PROGRESSIVE, width, height, components)


def scan_data(data: bytes, units: int, interval: int) -> bytes:
    """A scan's data without fill bytes, cut by as many restarts as `units` in steps of `interval` (0: none).

    Raises Invalid for restarts out of order, or more or fewer of them.
    """
    kept = _FILL.sub(b"\xff", data).rstrip(b"\xff")
    restarts = [found[0] & 7 for found in _RESTART.findall(kept)]
    wanted = (units - 1) // interval if interval else 0
    if restarts != [at % 8 for at in range(wanted)] or b"\xff\xff" in kept:
        raise refused("its data are not cut as they say")
    return kept
