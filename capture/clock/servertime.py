"""The server's time for media: Unix milliseconds advanced by the monotonic clock.

A change of the system clock during a recording moves no frame: segments would overlap, or leave a gap where
nothing is missing. The change is adopted once nothing is being recorded.
"""

import time
from collections.abc import Callable

from proctoring.clock import Clock, to_unix_ms

STEP_MS_MIN = 500  # the system's clock was set; below, it is the daemon's slow hand


class ServerTime:
    """`clock` is the system's; `monotonic` in seconds."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._told_ms = 0
        self.follow()

    def now_ms(self) -> int:
        """Unix milliseconds, never stepping between two calls of `follow`."""
        return self._anchor_ms + int(self._monotonic() * 1000)

    def follow(self) -> None:
        """Adopts the system's present time."""
        self._anchor_ms = self._system_ms() - int(self._monotonic() * 1000)
        self._told_ms = 0

    def step_ms(self) -> int | None:
        """By how much the system's clock was set since this was last asked; None when it was not."""
        off_ms = self._system_ms() - self.now_ms()
        step_ms = off_ms - self._told_ms
        if abs(step_ms) < STEP_MS_MIN:
            return None
        self._told_ms = off_ms
        return step_ms

    def _system_ms(self) -> int:
        return to_unix_ms(self._clock())
