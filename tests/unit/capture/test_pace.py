"""So many at once, then one every so often, for each key by itself; bounded in memory."""

import pytest

from capture import pace
from capture.pace import Pace
from proctoring.errors import TooMany


class Ticks:
    """Seconds that only the test lets pass."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def passed(one: Pace, key: str, tries: int) -> int:
    """How many of so many tries in one instant."""
    count = 0
    for _ in range(tries):
        try:
            one.demand_turn(key)
        except TooMany:
            continue
        count += 1
    return count


def test_a_burst_then_a_rhythm() -> None:
    """`at_once` pass; after each `every_s` one more does; after a long rest `at_once` again, and no more."""
    ticks = Ticks()
    one = Pace(5, 2.0, ticks)
    assert passed(one, "a", 300) == 5
    for _ in range(3):
        ticks.now_s += 2.0
        assert passed(one, "a", 300) == 1
    ticks.now_s += 1e6
    assert passed(one, "a", 300) == 5


def test_the_refusal_says_when_to_try_again() -> None:
    """In whole seconds, and then it passes; trying all the time meanwhile delays nobody."""
    ticks = Ticks()
    one = Pace(1, 7.5, ticks)
    one.demand_turn("a")
    with pytest.raises(TooMany) as refused:
        one.demand_turn("a")
    assert refused.value.retry_after_s == 8
    assert passed(one, "a", 300) == 0
    ticks.now_s += 7.5
    assert passed(one, "a", 300) == 1


def test_each_key_has_its_own_turn_and_the_rested_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by those who have something to wait for."""
    monkeypatch.setattr(pace, "KEYS_MAX", 10)
    ticks = Ticks()
    one = Pace(2, 1.0, ticks)
    for number in range(1000):
        assert passed(one, str(number), 3) == 2
        ticks.now_s += 1.0
        assert len(one._free_at) <= 10
