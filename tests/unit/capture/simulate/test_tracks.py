"""The pace never drifts: ticks fall on whole periods of the start, and missed ones are left out."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple

from hypothesis import given
from hypothesis import strategies as st

from capture.simulate.tracks import Pace

PERIOD_S = 0.1
Ts = TypeVarTuple("Ts")


class SteppedLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to whatever is waited for."""

    now_s = 1000.0

    def time(self) -> float:
        return self.now_s

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.now_s = max(self.now_s, when)
        return super().call_at(when, callback, *args, context=context)


@given(works_s=st.lists(st.floats(0, 0.5), max_size=40))
def test_ticks_fall_on_whole_periods(works_s: list[float]) -> None:
    """However long the work between ticks takes, a tick is never early, doubled or a whole period late."""
    loop = SteppedLoop()

    async def run() -> list[tuple[int, float]]:
        pace, ticks = Pace(PERIOD_S), []
        for work_s in [*works_s, 0.0]:
            ticks.append((await pace.tick(), loop.now_s - 1000.0))
            loop.now_s += work_s
        return ticks

    try:
        ticks = loop.run_until_complete(run())
    finally:
        loop.close()
    assert ticks[0] == (0, 0.0)
    numbers = [number for number, _ in ticks]
    assert numbers == sorted(set(numbers))
    for number, at_s in ticks:
        assert -1e-6 <= at_s - number * PERIOD_S <= PERIOD_S + 1e-6
