"""Work that many bring within a moment is one turn's; each is told of its own."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from capture.spool.gather import ITEMS_MAX, Gather


class Work:
    """Notes each turn's items; a turn waits for `go`. "bad" is refused, "broken" breaks the whole turn."""

    def __init__(self) -> None:
        self.turns: list[list[str]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, items: Sequence[str]) -> list[Exception | None]:
        self.turns.append(list(items))
        self.begun.set()
        assert self.go.wait(30)
        if "broken" in items:
            raise OSError("the disk fails")
        return [ValueError(item) if item == "bad" else None for item in items]


def test_what_comes_during_a_turn_is_one_turn() -> None:
    """The first goes at once, alone; those behind it together, in their order."""

    async def scenario() -> None:
        work = Work()
        gather = Gather(work)
        adding = [asyncio.ensure_future(gather.add("first"))]
        await asyncio.to_thread(work.begun.wait, 30)
        adding += [asyncio.ensure_future(gather.add(item)) for item in ("a", "b", "c")]
        work.go.set()
        await asyncio.gather(*adding)
        assert work.turns == [["first"], ["a", "b", "c"]]

    asyncio.run(scenario())


def test_a_full_turn_waits_for_nothing() -> None:
    """Beyond ITEMS_MAX the next turn begins; nobody is left out."""

    async def scenario() -> None:
        work = Work()
        work.go.set()
        gather = Gather(work)
        items = [str(number) for number in range(2 * ITEMS_MAX + 1)]
        await asyncio.gather(*(gather.add(item) for item in items))
        turns = sorted(work.turns, key=lambda turn: int(turn[0]))  # two run side by side
        assert [len(turn) for turn in turns] == [ITEMS_MAX, ITEMS_MAX, 1]
        assert [item for turn in turns for item in turn] == items

    asyncio.run(scenario())


def test_each_is_told_of_its_own() -> None:
    """What is wrong with one is not the others' matter; what is wrong with the turn is everybody's, and the
    next turn's nobody's."""

    async def scenario() -> None:
        work = Work()
        work.go.set()
        gather = Gather(work)
        results = await asyncio.gather(*map(gather.add, ("good", "bad")), return_exceptions=True)
        assert [type(result) for result in results] == [type(None), ValueError]
        results = await asyncio.gather(*map(gather.add, ("good", "broken")), return_exceptions=True)
        assert [type(result) for result in results] == [OSError, OSError]
        await gather.add("good")

    asyncio.run(scenario())


def test_who_leaves_takes_nobody_along() -> None:
    """An item whose giver was cancelled is done all the same, and the others learn of theirs."""

    async def scenario() -> None:
        work = Work()
        gather = Gather(work)
        leaving, staying = (asyncio.ensure_future(gather.add(item)) for item in ("leaves", "stays"))
        await asyncio.to_thread(work.begun.wait, 30)
        leaving.cancel()
        work.go.set()
        await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert work.turns == [["leaves", "stays"]]

    asyncio.run(scenario())
