"""Gathers the work that many streams bring within a moment, and does it on one thread.

The first after a rest goes at once. While many come, one turn in TURN_S takes everything since the last. So
waking a thread and waiting for the disk are paid for once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

TURN_S = 0.2
ITEMS_MAX = 16  # items in one turn; more begin the next one

T = TypeVar("T")


class Gather(Generic[T]):
    """`work(items)` runs on a thread and says of each what is wrong with it, or None; what it raises is wrong
    with all of them. To be used on one event loop."""

    def __init__(self, work: Callable[[Sequence[T]], Sequence[Exception | None]]) -> None:
        self._work = work
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = 0.0
        self._turns: set[asyncio.Task[None]] = set()

    async def add(self, item: T) -> None:
        """Returns once the work is done on this one. Raises what is wrong with it."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= ITEMS_MAX:
            self._begin()
        elif self._timer is None:
            self._timer = loop.call_at(max(loop.time(), self._next_s), self._begin)
        await future

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._next_s = asyncio.get_running_loop().time() + TURN_S
        waiting, self._waiting = self._waiting, []
        turn = asyncio.ensure_future(self._turn(waiting))
        self._turns.add(turn)
        turn.add_done_callback(self._turns.discard)

    async def _turn(self, waiting: list[tuple[T, asyncio.Future[None]]]) -> None:
        errors: Sequence[Exception | None]
        try:
            errors = await asyncio.to_thread(self._work, [item for item, _ in waiting])
        except Exception as error:
            errors = [error] * len(waiting)
        for (_, future), wrong in zip(waiting, errors, strict=True):
            if future.done():
                continue  # whoever waited was cancelled
            if wrong is None:
                future.set_result(None)
            else:
                future.set_exception(wrong)
