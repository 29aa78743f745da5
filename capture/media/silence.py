"""Fills the holes of a piece's sound with packets that decode to silence.

Browsers play a file only as far as each of its tracks goes: a hole in the sound would stop the picture too.
"""

from collections.abc import Sequence
from typing import Final

from capture.media import opus
from capture.media.frames import AUDIO_CLOCK
from capture.media.piece import Sample

AUDIO_TICKS_PER_MS: Final = AUDIO_CLOCK // 1000
HOLE_TICKS_MIN: Final = (
    240  # 5 ms: shorter holes come from rounding and slewed clocks, and players bridge them
)
LEFT_TICKS_MAX: Final = 120  # 2.5 ms, the shortest Opus packet: a filled hole keeps less than that

# One mono CELT frame of 20, 10, 5 and 2.5 ms (RFC 6716 section 3.1), whose first coded bit says silence.
_SILENT: Final = [
    (960, b"\xf8\xff\xfe"),
    (480, b"\xf0\xff\xfe"),
    (240, b"\xe8\xff\xfe"),
    (120, b"\xe0\xff\xfe"),
]


SILENT: Final = frozenset(packet for _, packet in _SILENT)


def whole(sound: Sequence[Sample], duration_ms: int) -> list[Sample]:
    """The same packets, and silence wherever none sounds for HOLE_TICKS_MIN or more of the piece.

    A hole before the first packet that is shorter than that packet stays: the last packet of the piece
    before sounds there. Raises BadPayload for what cannot be an Opus packet.
    """
    samples: list[Sample] = []
    until = 0  # where sound goes to so far
    if sound and sound[0].ticks < opus.duration_ticks(sound[0].data):
        until = sound[0].ticks
    for sample in sound:
        if sample.ticks - until >= HOLE_TICKS_MIN:
            _fill(samples, until, sample.ticks)
        samples.append(sample)
        until = max(until, sample.ticks + opus.duration_ticks(sample.data))
    end = duration_ms * AUDIO_TICKS_PER_MS
    if end - until >= HOLE_TICKS_MIN:
        _fill(samples, until, end)
    return samples


def _fill(samples: list[Sample], at: int, end: int) -> None:
    """Appends silence from `at` to less than LEFT_TICKS_MAX before `end`."""
    for ticks, packet in _SILENT:
        while end - at >= ticks:
            samples.append(Sample(at, packet))
            at += ticks
