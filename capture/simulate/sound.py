"""Speech-like sound of any instant: made-up syllables and pauses, and a beep at every full ten seconds.

The voice is a sum of harmonics weighted by three formants, so it has speech's rhythm and bands but says
nothing. The beep starts where Unix time is a multiple of ten seconds, to the sample, so it can be checked.
"""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
BLOCK_SAMPLES = 960
BEEP_PERIOD_S = 10
BEEP_S = 0.12
BEEP_HZ = 1_000.0

_LOOP_S = 24
_HARMONICS = 26
_FADE_SAMPLES = 240
_VOICE_LEVEL, _BEEP_LEVEL, _ROOM_LEVEL = 0.16, 0.25, 0.0012
_FORMANTS_HZ = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))

Samples = NDArray[np.int16]
Wave = NDArray[np.float64]


class Voice:
    """The sound that one candidate's microphones hear; `loudness` 1.0 is near, less is farther."""

    def __init__(self, number: int = 0, loudness: float = 1.0) -> None:
        rng = np.random.default_rng(1000 + number)
        self._loop = _talk(rng, pitch_hz=108.0 + 37.0 * (number % 3)) * loudness
        self._loop += rng.normal(0.0, _ROOM_LEVEL, self._loop.size)
        self._beep = _beep() * loudness

    def block(self, first_sample: int, count: int = BLOCK_SAMPLES) -> Samples:
        """The `count` samples from `first_sample` on, counted at 48 kHz since the Unix epoch."""
        places = np.arange(first_sample, first_sample + count)
        wave = self._loop[places % self._loop.size]
        in_period = places % (BEEP_PERIOD_S * SAMPLE_RATE)
        beeping = in_period < self._beep.size
        wave[beeping] += self._beep[in_period[beeping]]
        return (np.clip(wave, -1.0, 1.0) * 32767).astype(np.int16)


def _talk(rng: np.random.Generator, pitch_hz: float) -> Wave:
    """Phrases of three to nine syllables with silences between them, `_LOOP_S` seconds long."""
    wave = np.zeros(_LOOP_S * SAMPLE_RATE)
    at_s = 0.4
    while at_s < _LOOP_S - 2.5:
        syllables = int(rng.integers(3, 10))
        for place in range(syllables):
            length_s = float(rng.uniform(0.11, 0.24))
            falling = pitch_hz * (1.12 - 0.22 * place / syllables)
            _add(wave, at_s, _syllable(rng, falling, length_s))
            if rng.random() < 0.5:
                _add(wave, at_s - 0.05, _hiss(rng))
            at_s += length_s * 0.92
        at_s += float(rng.uniform(0.7, 2.6))
    loudest = np.abs(wave).max()
    return np.asarray(wave * (_VOICE_LEVEL / loudest))


def _syllable(rng: np.random.Generator, pitch_hz: float, length_s: float) -> Wave:
    t = np.arange(int(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    turns = np.cumsum(pitch_hz * (1.0 + 0.05 * np.sin(np.pi * t / length_s))) / SAMPLE_RATE
    formants = _FORMANTS_HZ[int(rng.integers(len(_FORMANTS_HZ)))]
    wave = np.zeros(t.size)
    for harmonic in range(1, _HARMONICS + 1):
        hz = harmonic * pitch_hz
        weight = sum(
            np.exp(-(((hz - middle) / (90 + 0.08 * middle)) ** 2)) / (1 + place)
            for place, middle in enumerate(formants)
        )
        wave += (weight + 0.02) / harmonic**0.5 * np.sin(2 * np.pi * harmonic * turns)
    return np.asarray(wave * np.sin(np.pi * t / length_s) ** 0.6)


def _hiss(rng: np.random.Generator) -> Wave:
    """A consonant: 60 ms of noise without its low part."""
    noise = np.diff(rng.normal(0.0, 0.22, int(0.06 * SAMPLE_RATE)), prepend=0.0)
    return np.asarray(noise * np.hanning(noise.size))


def _beep() -> Wave:
    count = int(BEEP_S * SAMPLE_RATE)
    wave = _BEEP_LEVEL * np.sin(2 * np.pi * BEEP_HZ * np.arange(count) / SAMPLE_RATE)
    fade = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / _FADE_SAMPLES)
    return np.asarray(wave * fade)


def _add(wave: Wave, at_s: float, piece: Wave) -> None:
    start = int(at_s * SAMPLE_RATE)
    end = min(start + piece.size, wave.size)
    wave[start:end] += piece[: end - start]
