"""Reads RTP headers (RFC 3550 section 5.1, extensions by length only) and retransmissions (RFC 4588)."""

import struct
from typing import NamedTuple

HEADER_BYTES = 12
RTCP_TYPES = range(192, 224)  # RFC 5761 section 4: the second byte tells RTCP from RTP

_HEADER = struct.Struct(">BBHII")
_U16 = struct.Struct(">H")
_CSRC_COUNT, _EXTENSION, _PADDING, _VERSION_2 = 0x0F, 0x10, 0x20, 2


class Packet(NamedTuple):
    """What reassembly needs of an RTP packet. `sequence` (16 bits) and `timestamp` (32 bits) as on the wire.

    `arrival_ms` is Unix time.
    """

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    arrival_ms: int


class Header(NamedTuple):
    """A parsed header; the payload is `begin` to `end`."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    begin: int
    end: int


def parse(data: bytes | bytearray | memoryview, length: int) -> Header | None:
    """The header of the packet in the first `length` bytes, or None when it is malformed."""
    if length < HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    begin, end = HEADER_BYTES, length
    if first != 0x80:
        if first >> 6 != _VERSION_2:
            return None
        begin += 4 * (first & _CSRC_COUNT)
        if first & _EXTENSION:
            if begin + 4 > length:
                return None
            begin += 4 + 4 * _U16.unpack_from(data, begin + 2)[0]
        if first & _PADDING:
            padding = data[length - 1]
            if not padding:
                return None
            end -= padding
        if begin > end:
            return None
    return Header(second & 0x7F, second > 0x7F, sequence, timestamp, ssrc, begin, end)


def original_sequence(payload: bytes) -> int | None:
    """The sequence number of the packet sent again (RFC 4588 section 4); its payload follows these two bytes.

    None for a payload that holds none, as padding sent to probe the bandwidth.
    """
    return _U16.unpack_from(payload)[0] if len(payload) > 2 else None
