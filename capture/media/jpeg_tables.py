"""Tables of a JPEG (ITU-T T.81, B.2.4), held to the bytes that they need.

A table may be as long as it says and no longer, is defined once, and is used: nothing else hides in it.
"""

from collections.abc import Iterator

from capture.media.jpeg_refusal import refused

BLOCK = 64
TABLES_MAX = 4
DC, AC = 0, 1
CODE_LENGTHS = 16
SYMBOLS_MAX = {DC: 16, AC: 256}


def quantisation_tables(part: bytes) -> Iterator[int]:
    """The numbers of a DQT's tables. Raises Invalid."""
    at = 0
    while at < len(part):
        wide, number = part[at] >> 4, part[at] & 15
        at += 1 + BLOCK * (wide + 1)
        if wide > 1 or number >= TABLES_MAX or at > len(part):
            raise refused("a quantisation table is not as long as it says")
        yield number


def huffman_tables(part: bytes) -> Iterator[tuple[int, int]]:
    """Class (DC or AC) and number of each of a DHT's tables. Raises Invalid."""
    at = 0
    while at < len(part):
        kind, number = part[at] >> 4, part[at] & 15
        counts = part[at + 1 : at + 1 + CODE_LENGTHS]
        symbols = part[at + 1 + CODE_LENGTHS : at + 1 + CODE_LENGTHS + sum(counts)]
        at += 1 + CODE_LENGTHS + sum(counts)
        if kind not in SYMBOLS_MAX or number >= TABLES_MAX or at > len(part) or not symbols:
            raise refused("a Huffman table is not as long as it says")
        _check_code(kind, counts, symbols)
        yield kind, number


def _check_code(kind: int, counts: bytes, symbols: bytes) -> None:
    """Raises Invalid unless it is a code (T.81, C.2) that has each of its symbols once."""
    used = sum(count << (CODE_LENGTHS - length) for length, count in enumerate(counts, start=1))
    if used >= 1 << CODE_LENGTHS or len(set(symbols)) < len(symbols) or len(symbols) > SYMBOLS_MAX[kind]:
        raise refused("a Huffman table is no code")
    if kind == DC and max(symbols) >= SYMBOLS_MAX[DC]:
        raise refused("a Huffman table is no code")
