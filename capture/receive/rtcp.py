"""Writes receiver reports and feedback, reads sender reports (RFC 3550 section 6, RFC 4585, REMB draft 03).

Every sent packet is compound, begins with a receiver report and names us by CNAME. RFC 3550 section 6.1 and
RFC 4585 section 3.1 require it.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

SENDER_REPORT, RECEIVER_REPORT, SOURCE_DESCRIPTION = 200, 201, 202
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
NACK, PICTURE_LOSS, APPLICATION_LAYER = 1, 1, 15  # FMT
_CNAME: Final = 1
_MANTISSA_BITS: Final = 18  # of the REMB bit rate

_HEADER: Final = struct.Struct(">BBH")
_SENDER_INFO: Final = struct.Struct(">IQIII")
_BLOCK: Final = struct.Struct(">IIIIII")


class SenderReport(NamedTuple):
    """`ntp` is a 64-bit NTP timestamp, `rtp` the same instant on the sender's 32-bit RTP clock."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int


class ReportBlock(NamedTuple):
    """RFC 3550 section 6.4.1. `last_report` and `delay` in 1/65536 s; zero while no report came."""

    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay: int


def middle_32(ntp: int) -> int:
    """The middle 32 bits of an NTP timestamp, as LSR carries them."""
    return ntp >> 16 & 0xFFFFFFFF


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock] = ()) -> bytes:
    """At most 31 blocks, since their count has five bits; a publisher has one for each of its tracks."""
    body = b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.cumulative_lost & 0xFFFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_report,
            block.delay,
        )
        for block in blocks
    )
    return _packet(RECEIVER_REPORT, len(blocks), ssrc.to_bytes(4, "big") + body)


def source_description(ssrc: int, cname: str) -> bytes:
    """One chunk with a CNAME, ended and padded by zeros (RFC 3550 section 6.5)."""
    name = cname.encode()
    chunk = ssrc.to_bytes(4, "big") + bytes((_CNAME, len(name))) + name
    return _packet(SOURCE_DESCRIPTION, 1, chunk + bytes(4 - len(chunk) % 4))


def picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    """Asks for a keyframe (RFC 4585 section 6.3.1)."""
    return _packet(PAYLOAD_FEEDBACK, PICTURE_LOSS, struct.pack(">II", ssrc, media_ssrc))


def nack(ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """Asks for packets again (RFC 4585 section 6.2.1). `sequences`: 16 bits, ascending but for wrapping."""
    body = struct.pack(">II", ssrc, media_ssrc)
    for first, mask in _pairs(sequences):
        body += struct.pack(">HH", first, mask)
    return _packet(TRANSPORT_FEEDBACK, NACK, body)


def estimated_maximum(ssrc: int, bits_per_s: int, sources: Sequence[int]) -> bytes:
    """Receiver estimated maximum bit rate (draft-alvestrand-rmcat-remb-03 section 2.2), rounded down."""
    exponent = max(0, bits_per_s.bit_length() - _MANTISSA_BITS)
    rate = len(sources) << 24 | exponent << 18 | bits_per_s >> exponent
    body = struct.pack(f">II4sI{len(sources)}I", ssrc, 0, b"REMB", rate, *sources)
    return _packet(PAYLOAD_FEEDBACK, APPLICATION_LAYER, body)


def sender_reports(data: bytes) -> Iterator[SenderReport]:
    """The sender reports of a compound packet; ends silently where it is malformed."""
    position = 0
    while position + 4 <= len(data):
        first, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        if kind == SENDER_REPORT and end - position >= 4 + _SENDER_INFO.size:
            yield SenderReport(*_SENDER_INFO.unpack_from(data, position + 4))
        position = end


def _pairs(sequences: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(packet id, bit mask of the 16 that follow)."""
    first, mask = -1, 0
    for sequence in sequences:
        distance = (sequence - first) & 0xFFFF
        if first >= 0 and 1 <= distance <= 16:
            mask |= 1 << distance - 1
            continue
        if first >= 0:
            yield first, mask
        first, mask = sequence, 0
    if first >= 0:
        yield first, mask


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(2 << 6 | count, kind, len(body) // 4) + body
