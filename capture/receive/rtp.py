"""Reads RTP headers (RFC 3550 section 5.1, extensions by length only) and retransmissions (RFC 4588)."""

import struct
from typing import Final, NamedTuple

HEADER_BYTES: Final = 12
RTCP_FIRST: Final = 192  # RFC 5761 section 4: the second byte tells RTCP from RTP
RTCP_LAST: Final = 223

HEADER: Final = struct.Struct(">xBHII")
"""Marker and payload type, sequence, timestamp, SSRC: never encrypted (RFC 3711 section 3.1)."""

_CSRC_COUNT: Final = 0x0F
_EXTENSION: Final = 0x10
_PADDING: Final = 0x20
_VERSION: Final = 2
_PLAIN: Final = 0x80  # version 2 and nothing else


class Packet(NamedTuple):
    """An RTP packet that waits for those before it. `sequence` (16 bits) and `timestamp` (32) as on the wire.

    `arrival_ms` is Unix time.
    """

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    arrival_ms: int


def payload_bounds(data: bytes | bytearray, begin: int, length: int) -> tuple[int, int]:
    """Where the payload of the packet in these bytes begins and ends; -1 twice for a malformed header."""
    if length < HEADER_BYTES:
        return -1, -1
    first, end = data[begin], begin + length
    if first == _PLAIN:
        return begin + HEADER_BYTES, end
    begin += HEADER_BYTES + 4 * (first & _CSRC_COUNT)
    if first & _EXTENSION:
        if begin + 4 > end:
            return -1, -1
        begin += 4 + 4 * (data[begin + 2] << 8 | data[begin + 3])
    if first & _PADDING:
        if not (padding := data[end - 1]):
            return -1, -1
        end -= padding
    if first >> 6 != _VERSION or begin > end:
        return -1, -1
    return begin, end


def original_sequence(payload: bytes) -> int | None:
    """The sequence number of the packet sent again (RFC 4588 section 4); its payload follows these two bytes.

    None for a payload that holds none, as padding sent to probe the bandwidth.
    """
    return payload[0] << 8 | payload[1] if len(payload) > 2 else None
