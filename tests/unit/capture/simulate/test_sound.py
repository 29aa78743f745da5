"""The sound of an instant is fixed, has speech's pauses, and beeps where the clock says."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capture.simulate.sound import BEEP_HZ, BEEP_PERIOD_S, BEEP_S, BLOCK_SAMPLES, SAMPLE_RATE, Voice

VOICE = Voice(0)
QUIET = Voice(0, loudness=0.4)
PERIOD = BEEP_PERIOD_S * SAMPLE_RATE


@given(first=st.integers(0, 2**46), cut=st.integers(1, BLOCK_SAMPLES - 1))
def test_blocks_join_without_a_seam(first: int, cut: int) -> None:
    """A block is the same whether asked for as one or in two parts, at any time."""
    whole = VOICE.block(first)
    parts = np.concatenate([VOICE.block(first, cut), VOICE.block(first + cut, BLOCK_SAMPLES - cut)])
    assert np.array_equal(whole, parts)


@given(period=st.integers(0, 2**28))
def test_the_beep_starts_at_the_full_ten_seconds(period: int) -> None:
    """From every multiple of ten seconds on, and not before, the beep's tone stands out."""
    first = period * PERIOD
    count = int(BEEP_S * SAMPLE_RATE)
    assert _tone(VOICE.block(first, count)) > 8 * _tone(VOICE.block(first - count, count))


def test_there_are_words_and_pauses() -> None:
    """Over one loop of the voice a good part is speech and a good part is near silence, and nothing clips."""
    blocks = VOICE.block(SAMPLE_RATE, 24 * SAMPLE_RATE).reshape(-1, BLOCK_SAMPLES).astype(float)
    level = np.sqrt((blocks**2).mean(axis=1)) / 32767
    assert (level > 0.01).mean() > 0.25
    assert (level < 0.004).mean() > 0.2
    assert np.abs(blocks).max() < 32767


def test_further_away_is_quieter() -> None:
    """The same candidate from a distance sounds the same, quieter."""
    near, far = VOICE.block(0, PERIOD).astype(float), QUIET.block(0, PERIOD).astype(float)
    assert 0.3 < far.std() / near.std() < 0.5


def _tone(block: np.ndarray) -> float:
    turns = np.exp(-2j * np.pi * BEEP_HZ * np.arange(block.size) / SAMPLE_RATE)
    return float(abs((block * turns).mean()))
