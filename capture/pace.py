"""Pace of the requests of one session: so many at once, then one every so often.

In this process's memory alone: nothing is written for a request that comes too fast. Whoever asks has been
recognised by a token before, so strangers take no place here.
"""

import math
import time
from collections.abc import Callable, Hashable

from proctoring.errors import TooMany

KEYS_MAX = 4096
"""Keys remembered; beyond, those that have nothing to wait for are forgotten."""


class Pace:
    """`at_once` for each key, then one every `every_s` seconds. `ticks`: seconds of a clock that only runs
    on. One thread at a time."""

    def __init__(self, at_once: int, every_s: float, ticks: Callable[[], float] = time.monotonic) -> None:
        self.at_once = at_once
        self.every_s = every_s
        self._ticks = ticks
        self._free_at: dict[Hashable, float] = {}  # when the key will have all of its `at_once` again

    def demand_turn(self, key: Hashable) -> None:
        """Counts one of this key. Raises TooMany, which says when to try again; that one is not counted."""
        now_s = self._ticks()
        if len(self._free_at) >= KEYS_MAX:
            self._free_at = {one: at for one, at in self._free_at.items() if at > now_s}
        free_at = max(self._free_at.get(key, now_s), now_s) + self.every_s
        wait_s = free_at - now_s - self.at_once * self.every_s
        if wait_s > 0:
            raise TooMany("That was asked too often.", "Wait a moment, then go on.", math.ceil(wait_s))
        self._free_at[key] = free_at
