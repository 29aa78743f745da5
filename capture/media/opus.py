"""Reads what passthrough needs of Opus: how long a packet lasts (RFC 6716 section 3)."""

from typing import Final

from capture.errors import BadPayload

PACKET_TICKS_MAX: Final = 5760  # 120 ms at 48 kHz, RFC 6716 section 3.2.5
CHANNELS: Final = 2  # what SDP always says (RFC 7587 section 4.1); a packet itself may be mono

_SILK_TICKS: Final = (480, 960, 1920, 2880)
_HYBRID_TICKS: Final = (480, 960)
_CELT_TICKS: Final = (120, 240, 480, 960)
# By configuration (table 2). A list, since a compiled module makes such a tuple anew for each look.
_FRAME_TICKS: Final = [*3 * _SILK_TICKS, *2 * _HYBRID_TICKS, *4 * _CELT_TICKS]


def duration_ticks(packet: bytes) -> int:
    """How long a packet lasts, in ticks of 48 kHz. Raises BadPayload when it cannot be an Opus packet."""
    if not packet:
        raise BadPayload("An Opus packet is empty.")
    frame, code = _FRAME_TICKS[packet[0] >> 3], packet[0] & 3
    if code < 3:
        return 2 * frame if code else frame
    if len(packet) < 2:
        raise BadPayload("An Opus packet is cut short.")
    frames = packet[1] & 0x3F
    if not 0 < frames * frame <= PACKET_TICKS_MAX:
        raise BadPayload("An Opus packet claims an impossible length.")
    return frames * frame
