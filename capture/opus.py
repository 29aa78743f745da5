"""Reads what passthrough needs of Opus: how long a packet lasts (RFC 6716 section 3)."""

from capture.errors import BadPayload

PACKET_TICKS_MAX = 5760  # 120 ms at 48 kHz, RFC 6716 section 3.2.5
CHANNELS = 2  # what SDP always says (RFC 7587 section 4.1); a packet itself may be mono

_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)


def duration_ticks(packet: bytes) -> int:
    """How long a packet lasts, in ticks of 48 kHz. Raises BadPayload when it cannot be an Opus packet."""
    if not packet:
        raise BadPayload("An Opus packet is empty.")
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _SILK_TICKS[configuration % 4]
    elif configuration < 16:
        frame = _HYBRID_TICKS[configuration % 2]
    else:
        frame = _CELT_TICKS[configuration % 4]
    if code == 3:
        if len(packet) < 2:
            raise BadPayload("An Opus packet is cut short.")
        frames = packet[1] & 0x3F
    else:
        frames = 1 if code == 0 else 2
    if not 0 < frames * frame <= PACKET_TICKS_MAX:
        raise BadPayload("An Opus packet claims an impossible length.")
    return frames * frame
