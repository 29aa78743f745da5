"""Reads what the port needs of STUN (RFC 8489): whom a binding request is for, and whether it is authentic.

Before this says yes, nothing of a request reaches the ICE agent: no answer, no state, no candidate. Where the
agent has settled, a request tells it nothing more, and is answered from here.
"""

import hmac
import socket
import struct
import zlib
from typing import NamedTuple

from capture.receive.delivery import Address

HEADER_BYTES = 20
REQUEST, RESPONSE, ERROR = 0x0001, 0x0101, 0x0111  # of method Binding
COOKIE = 0x2112A442
MESSAGE_BYTES_MAX = 548  # what a datagram must hold everywhere (RFC 8489 section 6.1); checks are about 100
ATTRIBUTES_MAX = 16
_USERNAME, _INTEGRITY, _INTEGRITY_BYTES = 0x0006, 0x0008, 20
_XOR_MAPPED_ADDRESS, _FINGERPRINT, _FINGERPRINT_XOR = 0x0020, 0x8028, 0x5354554E

_HEADER = struct.Struct(">HHI12s")
_ATTRIBUTE = struct.Struct(">HH")
_ADDRESS = struct.Struct(">HHxBH")
_FINGERPRINT_WHOLE = struct.Struct(">HHI")


class Request(NamedTuple):
    """A binding request. `ufrag` is ours, the first half of its USERNAME (RFC 8445 section 7.2.2)."""

    ufrag: bytes
    data: bytes
    integrity_at: int

    def is_authentic(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY was made with this password (RFC 8489 section 14.5), in constant time."""
        given = self.data[self.integrity_at + 4 : self.integrity_at + 4 + _INTEGRITY_BYTES]
        return hmac.compare_digest(_integrity(self.data[: self.integrity_at], password), given)

    def success(self, source: Address, password: bytes) -> bytes:
        """The response that says where the request came from (RFC 8445 section 7.3.1.2)."""
        family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
        host = socket.inet_pton(family, source[0].partition("%")[0])
        key = self.data[4 : 4 + len(host)]  # cookie and transaction id (RFC 8489 section 14.2)
        data = (
            RESPONSE.to_bytes(2, "big")
            + bytes(2)
            + self.data[4:HEADER_BYTES]
            + _ADDRESS.pack(
                _XOR_MAPPED_ADDRESS,
                4 + len(host),
                2 if family is socket.AF_INET6 else 1,
                source[1] ^ COOKIE >> 16,
            )
            + (int.from_bytes(host, "big") ^ int.from_bytes(key, "big")).to_bytes(len(host), "big")
        )
        data += _ATTRIBUTE.pack(_INTEGRITY, _INTEGRITY_BYTES) + _integrity(data, password)
        data = _of_length(data, len(data) - HEADER_BYTES + _FINGERPRINT_WHOLE.size)
        return data + _FINGERPRINT_WHOLE.pack(_FINGERPRINT, 4, zlib.crc32(data) ^ _FINGERPRINT_XOR)


def transaction(data: bytes) -> tuple[int, bytes] | None:
    """Type and transaction id of a STUN message; None when its head is not one's."""
    if not HEADER_BYTES <= len(data) <= MESSAGE_BYTES_MAX:
        return None
    kind, length, cookie, identifier = _HEADER.unpack_from(data)
    return (kind, identifier) if cookie == COOKIE and length == len(data) - HEADER_BYTES else None


def parse_request(data: bytes) -> Request | None:
    """A binding request with USERNAME and MESSAGE-INTEGRITY, or None. `transaction` has accepted `data`."""
    ufrag = b""
    position = HEADER_BYTES
    for _ in range(ATTRIBUTES_MAX):
        if position + 4 > len(data):
            return None
        kind, length = _ATTRIBUTE.unpack_from(data, position)
        if kind == _USERNAME:
            ufrag = data[position + 4 : position + 4 + length].partition(b":")[0]
        elif kind == _INTEGRITY:
            complete = length == _INTEGRITY_BYTES and position + 4 + length <= len(data)
            return Request(ufrag, data, position) if ufrag and complete else None
        position += 4 + (length + 3 & ~3)
    return None


def _integrity(data: bytes, password: bytes) -> bytes:
    """MESSAGE-INTEGRITY of what comes before it: HMAC-SHA1 over a head whose length ends with it."""
    covered = _of_length(data, len(data) - HEADER_BYTES + 4 + _INTEGRITY_BYTES)
    return hmac.digest(password, covered, "sha1")


def _of_length(data: bytes, length: int) -> bytes:
    return data[:2] + length.to_bytes(2, "big") + data[4:]
