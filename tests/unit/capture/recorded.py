"""Files such as MediaRecorder writes, by our own writer; also without lengths, as a live writer does."""

from capture.media import webm
from capture.media.piece import Piece, Sample, Vp8Config

KEY = bytes((0x10, 0, 0)) + b"\x9d\x01\x2a" + (640).to_bytes(2, "little") + (480).to_bytes(2, "little") + b"k"
DELTA = b"\x11\x00\x00deltas\x00\x00"
OPUS_60_MS = b"\x18sound"
PICTURE_MS, SOUND_MS, KEY_EVERY = 100, 60, 10


def recorded_file(length_ms: int = 4_000, *, sound: bool = True, pictures_ms: int = 1 << 30) -> bytes:
    """A picture every 100 ms up to `pictures_ms`, each tenth a keyframe; Opus packets of 60 ms."""
    pictures = tuple(
        Sample(ms * 90, KEY if at % KEY_EVERY == 0 else DELTA, at % KEY_EVERY == 0)
        for at, ms in enumerate(range(0, min(length_ms, pictures_ms), PICTURE_MS))
    )
    packets = tuple(Sample(ms * 48, OPUS_60_MS) for ms in range(0, length_ms, SOUND_MS)) if sound else ()
    return webm.write(Piece(0, length_ms, Vp8Config(640, 480), pictures, packets))


def sound_alone(length_ms: int) -> bytes:
    """Opus packets of 60 ms, and no track for pictures."""
    packets = tuple(Sample(ms * 48, OPUS_60_MS) for ms in range(0, length_ms, SOUND_MS))
    return webm.write(Piece(0, length_ms, None, (), packets))


def without_lengths(file: bytes) -> bytes:
    """The same with segment and clusters of unknown length, as a writer that cannot seek leaves them."""
    for identifier in (bytes.fromhex("18538067"), bytes.fromhex("1f43b675")):
        at = file.index(identifier) + 4
        size = 9 - file[at].bit_length()
        file = file[:at] + b"\x01" + b"\xff" * 7 + file[at + size :]
    return file


def from_the_middle(at_ms: int, length_ms: int) -> bytes:
    """The part of a long file from `at_ms` on: its times run on, and a packet of sound comes before its first
    keyframe."""
    block = b"\x82" + (-SOUND_MS).to_bytes(2, "big", signed=True) + b"\x80" + OPUS_60_MS
    early = bytes((0xA3, 0x80 | len(block))) + block
    began = b"\xe7\x82" + at_ms.to_bytes(2, "big") + early
    return without_lengths(recorded_file(length_ms)).replace(b"\xe7\x81\x00", began, 1)
