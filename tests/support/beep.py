"""Hears when a recording beeps, to be compared with the wall clock at which it was made to beep."""

import io
import statistics

import av
import numpy as np

from capture.recorder import MemoryTake
from capture.simulate.sound import BEEP_HZ, BEEP_S
from tests.support.decoded import seconds

BLOCK_MS = 20
LOUD = 0.7  # of the loudest block: heard in full


def beep_offset_ms(take: MemoryTake, period_ms: int) -> float:
    """How much later than a full `period_ms` the beeps of BEEP_S begin, in ms, by the middle of the blocks
    that hold them."""
    heard = []
    for segment in take.segments:
        with av.open(io.BytesIO(segment.data), "r") as container:
            for frame in container.decode(audio=0):
                at_ms = segment.start_unix_ms + seconds(frame) * 1000
                samples = frame.to_ndarray().astype(float).reshape(-1, frame.samples, order="F").mean(axis=0)
                turns = np.exp(-2j * np.pi * BEEP_HZ * np.arange(samples.size) / frame.sample_rate)
                heard.append((at_ms, float(abs((samples * turns).mean()))))
    loudest = max(tone for _, tone in heard)
    after_ms = [
        (at_ms + BLOCK_MS / 2 + period_ms / 2) % period_ms - period_ms / 2
        for at_ms, tone in heard
        if tone > loudest * LOUD
    ]
    return statistics.median(after_ms) - BEEP_S * 1000 / 2
