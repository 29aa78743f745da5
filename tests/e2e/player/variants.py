"""Recordings in which something is missing, made of one that was encoded once per codec.

A variant is a list of files with their pieces, 12 s long unless it says otherwise. Those of the `old` kind
lack silence in the container, as files that were stored before the writers filled holes.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import ModuleType, SimpleNamespace

import capture.media
from capture.media import silence
from capture.media.frames import Codec
from capture.media.mux import write
from capture.media.piece import Piece, Sample
from tests.e2e.player.stage import SEGMENT_MS, Picture, Shape, encode, plain

LENGTH_MS = 12_000
SOUND_MS = 20
DTX_MS = 400  # how often a silent sender with DTX sends a packet
File = tuple[Piece, bytes]
Keep = Callable[[int], bool]  # whether the sound packet at this ms of the recording is there


def missing(start_ms: int, end_ms: int) -> Keep:
    """No sound in a stretch."""
    return lambda ms: not (start_ms <= ms < end_ms)


def dtx(ms: int) -> bool:
    """From 2 s to 10 s hardly any sound packet, as of a sender that is silent."""
    return not 2000 <= ms < 10_000 or ms % DTX_MS < SOUND_MS


def bursts(ms: int) -> bool:
    """80 ms of each 800 ms are lost."""
    return ms % 800 >= 80


def everything(ms: int) -> bool:
    return True


@cache
def _encoded(shape: Shape, high: int) -> tuple[Piece, ...]:
    def draw(unix_ms: int) -> Picture:
        return plain(120)(unix_ms)[:high]

    return tuple(encode(draw, shape, at_ms, SEGMENT_MS) for at_ms in range(0, LENGTH_MS, SEGMENT_MS))


def pieces(
    shape: Shape, began_ms: int, keep: Keep = everything, sizes: tuple[int, ...] = (360,)
) -> list[Piece]:
    """The recording from `began_ms` on with what `keep` keeps of its sound; `sizes` are the heights of its
    pieces' pictures, over and over."""
    made = []
    for number in range(LENGTH_MS // SEGMENT_MS):
        piece = _encoded(shape, sizes[number % len(sizes)])[number]
        start_ms = piece.start_unix_ms
        sound = [s for s in piece.audio if keep(start_ms + s.ticks // silence.AUDIO_TICKS_PER_MS)]
        made.append(replace(piece, start_unix_ms=began_ms + start_ms, audio=tuple(sound)))
    return made


def files(made: list[Piece]) -> list[File]:
    return [(piece, write(piece)) for piece in made]


def old(made: list[Piece]) -> list[File]:
    """The same as they were written before, so that one track ends or pauses before the other."""
    return [(p, _writer("fmp4" if p.video_codec is Codec.H264 else "webm").write(p)) for p in made]


def sound_alone(made: list[Piece]) -> list[Piece]:
    """The same without pictures."""
    return [
        Piece(p.start_unix_ms, p.duration_ms, None, (), p.audio, True, container=p.video_codec) for p in made
    ]


@cache
def _writer(container: str) -> ModuleType:
    """The present writer of a container, but for the holes in the sound, which it leaves."""
    path = f"{capture.media.__path__[0]}/{container}.py"
    spec = importlib.util.spec_from_file_location(f"old_{container}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.silence = SimpleNamespace(whole=lambda sound, _: list(sound))  # type: ignore[attr-defined]
    return module


def cut_short(data: bytes) -> bytes:
    """A file that ends in the middle of its pictures."""
    return data[: len(data) // 2]


def noise(piece: Piece) -> Piece:
    """The same with pictures that cannot be decoded: only their first bytes make sense."""
    return replace(piece, video=tuple(Sample(s.ticks, _spoilt(s.data), s.keyframe) for s in piece.video))


def _spoilt(data: bytes) -> bytes:
    return data[:24] + bytes(255 - byte for byte in data[24:])
