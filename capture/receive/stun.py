"""Reads what the port needs of STUN (RFC 8489): whom a binding request is for, and whether it is authentic.

Before this says yes, nothing of a request reaches the ICE agent: no answer, no state, no candidate.
"""

import hmac
import struct
from typing import NamedTuple

HEADER_BYTES = 20
REQUEST, RESPONSE, ERROR = 0x0001, 0x0101, 0x0111  # of method Binding
COOKIE = 0x2112A442
MESSAGE_BYTES_MAX = 548  # what a datagram must hold everywhere (RFC 8489 section 6.1); checks are about 100
ATTRIBUTES_MAX = 16
_USERNAME, _INTEGRITY, _INTEGRITY_BYTES = 0x0006, 0x0008, 20

_HEADER = struct.Struct(">HHI12s")
_ATTRIBUTE = struct.Struct(">HH")


class Request(NamedTuple):
    """A binding request. `ufrag` is ours, the first half of its USERNAME (RFC 8445 section 7.2.2)."""

    ufrag: bytes
    data: bytes
    integrity_at: int

    def is_authentic(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY was made with this password (RFC 8489 section 14.5), in constant time."""
        length = self.integrity_at - HEADER_BYTES + 4 + _INTEGRITY_BYTES
        covered = self.data[:2] + length.to_bytes(2, "big") + self.data[4 : self.integrity_at]
        given = self.data[self.integrity_at + 4 : self.integrity_at + 4 + _INTEGRITY_BYTES]
        return hmac.compare_digest(hmac.digest(password, covered, "sha1"), given)


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
