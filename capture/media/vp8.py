"""Reads what passthrough needs of VP8: the payload descriptor (RFC 7741), a keyframe's size (RFC 6386)."""

from typing import Final

from capture.errors import BadPayload

START_CODE: Final = b"\x9d\x01\x2a"
KEYFRAME_HEADER_BYTES: Final = 10


def read_descriptor(payload: bytes) -> tuple[bool, int]:
    """Whether the payload holds a frame's first byte, and where its data begins (RFC 7741 section 4.2).

    Raises BadPayload when it is cut short.
    """
    try:
        first = payload[0]
        position = 1
        if first & 0x80:
            extensions = payload[1]
            position = 2
            if extensions & 0x80:
                position += 2 if payload[position] & 0x80 else 1
            if extensions & 0x40:
                position += 1
            if extensions & 0x30:
                position += 1
    except IndexError:
        raise BadPayload("A VP8 payload descriptor is cut short.") from None
    if position >= len(payload):
        raise BadPayload("A VP8 payload holds no data.")
    # S set and partition 0: the descriptor's last five bits are 1 0 000 with the reserved bit ignored.
    return first & 0x17 == 0x10, position


def is_keyframe(frame: bytes) -> bool:
    """Whether a frame can be decoded alone (RFC 6386 section 9.1); false too when its header is malformed."""
    return len(frame) >= KEYFRAME_HEADER_BYTES and not frame[0] & 1 and frame[3:6] == START_CODE


def dimensions(keyframe: bytes) -> tuple[int, int]:
    """Width and height of a keyframe in pixels. Raises BadPayload when it is none or is empty."""
    if not is_keyframe(keyframe):
        raise BadPayload("This is not a VP8 keyframe.")
    width = int.from_bytes(keyframe[6:8], "little") & 0x3FFF
    height = int.from_bytes(keyframe[8:10], "little") & 0x3FFF
    if not width or not height:
        raise BadPayload("A VP8 keyframe has no size.")
    return width, height
