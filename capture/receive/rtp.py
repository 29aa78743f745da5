"""Reads RTP headers (RFC 3550 section 5.1, extensions by length only) and retransmissions (RFC 4588)."""

import struct
from typing import NamedTuple

HEADER_BYTES = 12
RTCP_TYPES = range(192, 224)  # RFC 5761 section 4: the second byte tells RTCP from RTP

HEADER = struct.Struct(">BBHII")
"""First byte, marker and payload type, sequence, timestamp, SSRC: never encrypted (RFC 3711 section 3.1)."""

_U16 = struct.Struct(">H")
_CSRC_COUNT, _EXTENSION, _PADDING, _VERSION = 0x0F, 0x10, 0x20, 2
_PLAIN = 0x80  # version 2 and nothing else


class Packet(NamedTuple):
    """An RTP packet that waits for those before it. `sequence` (16 bits) and `timestamp` (32) as on the wire.

    `arrival_ms` is Unix time.
    """

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    arrival_ms: int


def payload_bounds(data: bytes | bytearray, begin: int, length: int) -> tuple[int, int] | None:
    """Where the payload of the packet in these bytes begins and ends; None when its header is malformed."""
    if length < HEADER_BYTES:
        return None
    first, end = data[begin], begin + length
    if first == _PLAIN:
        return begin + HEADER_BYTES, end
    begin += HEADER_BYTES + 4 * (first & _CSRC_COUNT)
    if first & _EXTENSION:
        if begin + 4 > end:
            return None
        begin += 4 + 4 * (data[begin + 2] << 8 | data[begin + 3])
    if first & _PADDING:
        if not (padding := data[end - 1]):
            return None
        end -= padding
    return (begin, end) if first >> 6 == _VERSION and begin <= end else None


def original_sequence(payload: bytes) -> int | None:
    """The sequence number of the packet sent again (RFC 4588 section 4); its payload follows these two bytes.

    None for a payload that holds none, as padding sent to probe the bandwidth.
    """
    return _U16.unpack_from(payload)[0] if len(payload) > 2 else None
