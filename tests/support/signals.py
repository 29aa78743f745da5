"""Stored segments with a picture and sound of the test's own, and a child that can be made to misbehave."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from capture.media import mux
from capture.media.piece import TICKS_PER_MS, Piece, Sample, Vp8Config
from capture.simulate.encoding import OpusEncoder, VideoEncoder, VideoShape
from capture.simulate.paint import Pixels
from capture.simulate.sound import BLOCK_SAMPLES, SAMPLE_RATE
from proctoring.recordings.service import BegunTake
from proctoring.signals import service as signals
from proctoring.signals.model import Sheet, Signal, Thumbnail
from tests.support.world import World

SEGMENT_MS = 4_000
LIMIT_S = 60
CHILD = (sys.executable, "-P", str(Path(__file__).with_name("signal_child.py")))


def segment(picture: Pixels, loudness: float = 0.0) -> bytes:
    """SEGMENT_MS of one still picture as WebM, with a tone of that amplitude (0 to 1)."""
    height, width = picture.shape[:2]
    encoder = VideoEncoder("VP8", VideoShape(width, height, 1, 400_000))
    video = tuple(
        Sample(at * TICKS_PER_MS, bytes(encoder.encode(picture, at * TICKS_PER_MS, at == 0)), at == 0)
        for at in range(0, SEGMENT_MS, 1_000)
    )
    opus, audio = OpusEncoder(), []
    for start in range(0, SEGMENT_MS * SAMPLE_RATE // 1000, BLOCK_SAMPLES):
        at = np.arange(start, start + BLOCK_SAMPLES)
        block = (loudness * 32_767 * np.sin(at * 2 * np.pi * 440 / SAMPLE_RATE)).astype(np.int16)
        audio.append(Sample(start, bytes(opus.encode(block, start))))
    return mux.write(Piece(0, SEGMENT_MS, Vp8Config(width, height), video, tuple(audio)))


def black() -> Pixels:
    """What a camera sees behind its cap."""
    return np.zeros((240, 320, 3), np.uint8)


async def until(holds: Callable[[], bool]) -> None:
    """Another process or thread makes it true."""
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def write_sheet(world: World, begun: BegunTake, told: tuple[Signal, ...]) -> None:
    """Put one sheet, with a thumbnail, into a take that is open, as the watching recorder does."""
    core = world.core
    with core.db.begin() as db:
        take = signals.watched(db, begun.take.id)
        assert take is not None
        pictures = (Thumbnail(0, b"\xff\xd8a face\xff\xd9"),)
        sealed = signals.seal_sheet(core, take, Sheet(take.stream, 0, SEGMENT_MS, told, pictures))
        world.objects.put(sealed.object_key, sealed.sealed)
        signals.register_sheet(db, core, take, sheet=sealed, signals=told, flagged={})
