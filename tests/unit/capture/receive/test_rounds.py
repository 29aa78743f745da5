"""The rounds: who is visited in which, and for how long."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from capture.receive.rounds import REPORT_ROUNDS, ROUND_S, Rounds

pytestmark = pytest.mark.packet


class Port:
    """Nothing comes; a round is as long as any other."""

    def __init__(self) -> None:
        self.seconds = 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> bool:
        return False

    def read_doors(self) -> None: ...

    def now(self) -> tuple[float, int]:
        return 0.0, 0

    def second(self) -> None:
        self.seconds += 1


class Visited:
    """Stands where a reception stood; misses something for so many visits."""

    def __init__(self, missing: int = 0, breaks: bool = False) -> None:
        self.missing = missing
        self.breaks = breaks
        self.visits: Counter[str] = Counter()

    def ask_again(self, now_ms: int) -> bool:
        self.visits["ask_again"] += 1
        self.missing -= 1
        if self.breaks:
            raise ValueError
        return self.missing > 0

    def report(self, now_s: float) -> None:
        self.visits["report"] += 1
        if self.breaks:
            raise ValueError


def after(rounds: int, *visited: Visited, gone: tuple[Visited, ...] = ()) -> Rounds:
    """All are added and said to miss something, these are removed, and so many rounds pass."""

    async def scenario() -> Rounds:
        port: Any = Port()
        made = Rounds(port)
        made.start()
        for one in visited:
            made.add(one)  # type: ignore[arg-type]
        for one in gone:
            made.remove(one)  # type: ignore[arg-type]
        for one in visited:
            if one.missing:
                made.expect(one)  # type: ignore[arg-type]
        for _ in range(rounds):
            made.stop()  # the timer: rounds come by hand
            made._go()
        made.stop()
        return made

    return asyncio.run(scenario())


def test_a_reception_is_visited_in_each_round_as_long_as_it_misses_something() -> None:
    """And not at all while it misses nothing: with hundreds, a look at each costs."""
    whole, missing = Visited(), Visited(missing=3)
    after(10, whole, missing)
    assert (whole.visits["ask_again"], missing.visits["ask_again"]) == (0, 3)


def test_each_reports_once_a_second_and_never_all_in_one_round() -> None:
    """However many come, and whoever has left."""
    assert ROUND_S * REPORT_ROUNDS == 1
    many = [Visited() for _ in range(3 * REPORT_ROUNDS)]
    rounds = after(REPORT_ROUNDS, *many)
    assert {one.visits["report"] for one in many} == {1}
    assert {len(slot) for slot in rounds._slots} == {3}
    assert rounds.port.seconds == 1  # type: ignore[attr-defined]


def test_who_was_removed_is_not_visited_again() -> None:
    """Even if its last packets still say that something is missing; nothing of it is kept."""
    left = Visited(missing=3)
    rounds = after(REPORT_ROUNDS, left, gone=(left,))
    assert not left.visits
    assert not rounds._slot_of
    assert not any(rounds._slots)


def test_one_that_breaks_stops_nobody() -> None:
    """It is counted, and visited again."""
    broken, other = Visited(missing=REPORT_ROUNDS, breaks=True), Visited(missing=2)
    rounds = after(REPORT_ROUNDS, broken, other)
    assert rounds.failures == REPORT_ROUNDS + 1
    assert other.visits == {"ask_again": 2, "report": 1}
