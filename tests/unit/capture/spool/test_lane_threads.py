"""The threads that empty the spool: one per lane, oldest first, at rest while parts are away."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.spool.drain import CommitResult
from capture.spool.entry import SpooledSegment
from capture.spool.lane_threads import LaneThreads
from capture.spool.spool import Spool
from storage.proofs.manifest import digest
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.support.service import wait_until
from tests.support.world import START

LIMIT_S = 30
FOR_EVER_S = 3600.0


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool", disk_free_bytes_min=0)
    made.open()
    yield made
    made.close()


def accept(spool: Spool, unit: str, take: str, count: int) -> None:
    for seq in range(count):
        facts = SpooledSegment(unit, take, seq, "video/webm", digest(b"x"), 1, 0, 4000, START)
        spool.accept(facts, b"x")


class Steps:
    """A step that removes the first entry, unless its unit has an outcome of its own; notes what happened."""

    def __init__(self, spool: Spool, outcomes: dict[str, CommitResult] | None = None) -> None:
        self.spool = spool
        self.outcomes = outcomes or {}
        self.lock = threading.Lock()
        self.calls: list[str] = []
        self.inside: set[str] = set()
        self.met = False

    def __call__(self, unit: str) -> CommitResult:
        with self.lock:
            self.calls.append(unit)
            self.met |= unit in self.inside
            self.inside.add(unit)
        entry = self.spool.first(unit)
        outcome = self.outcomes.get(unit, CommitResult.DONE)
        if outcome is CommitResult.DONE and entry is not None:
            self.spool.done(entry)
        with self.lock:
            self.inside.discard(unit)
        return outcome


def test_lanes_are_emptied_and_no_two_threads_meet_in_one(spool: Spool) -> None:
    """What was there at the start and what is accepted later, by as many threads as there are."""
    steps = Steps(spool)
    lane_threads = LaneThreads(spool, steps, threads=6)
    accept(spool, UNIT_A, TAKE_1, 40)
    lane_threads.start()
    accept(spool, UNIT_B, TAKE_2, 40)
    lane_threads.wake()
    assert lane_threads.emptied(UNIT_A).result(LIMIT_S)
    assert lane_threads.emptied(UNIT_B).result(LIMIT_S)
    assert (len(spool), steps.met) == (0, False)
    lane_threads.close(LIMIT_S)
    assert sorted(steps.calls) == [UNIT_A] * 40 + [UNIT_B] * 40


def test_while_a_part_is_away_nobody_hammers_it(spool: Spool) -> None:
    """After a failed try every thread rests; whoever waits for a lane is told at once, and later ones too."""
    steps = Steps(spool, {UNIT_A: CommitResult.UNREACHABLE, UNIT_B: CommitResult.UNREACHABLE})
    lane_threads = LaneThreads(spool, steps, threads=2, retry_s=FOR_EVER_S)
    accept(spool, UNIT_A, TAKE_1, 1)
    accept(spool, UNIT_B, TAKE_2, 1)
    first, second = lane_threads.emptied(UNIT_A), lane_threads.emptied(UNIT_B)
    lane_threads.start()
    assert (first.result(LIMIT_S), second.result(LIMIT_S)) == (False, False)
    for _ in range(20):
        lane_threads.wake()
        assert lane_threads.emptied(UNIT_A).result(LIMIT_S) is False
    lane_threads.close(LIMIT_S)
    assert len(steps.calls) <= 2
    assert lane_threads.held_up() == []


def test_a_lane_that_is_held_up_holds_up_no_other(spool: Spool) -> None:
    """It is named for the operator; the others go on."""
    steps = Steps(spool, {UNIT_A: CommitResult.HELD_UP})
    lane_threads = LaneThreads(spool, steps, threads=1, retry_s=FOR_EVER_S)
    accept(spool, UNIT_A, TAKE_1, 2)
    accept(spool, UNIT_B, TAKE_2, 2)
    held, free = lane_threads.emptied(UNIT_A), lane_threads.emptied(UNIT_B)
    lane_threads.start()
    assert (held.result(LIMIT_S), free.result(LIMIT_S)) == (False, True)
    assert lane_threads.held_up() == [UNIT_A]
    lane_threads.close(LIMIT_S)


@pytest.mark.parametrize("outcome", [CommitResult.UNREACHABLE, CommitResult.HELD_UP])
def test_a_failed_try_is_tried_again(spool: Spool, outcome: CommitResult) -> None:
    """Away and held up alike, without anybody waking the threads."""
    steps = Steps(spool, {UNIT_A: outcome})
    lane_threads = LaneThreads(spool, steps, threads=1, retry_s=0.01)
    accept(spool, UNIT_A, TAKE_1, 1)
    tried = lane_threads.emptied(UNIT_A)
    lane_threads.start()
    assert tried.result(LIMIT_S) is False
    steps.outcomes = {}
    wait_until(lambda: not lane_threads.held_up() and len(spool) == 0, LIMIT_S, "it is not tried again")
    lane_threads.close(LIMIT_S)


def test_an_empty_lane_is_known_to_be_empty(spool: Spool) -> None:
    """Nobody waits for what is done."""
    lane_threads = LaneThreads(spool, Steps(spool))
    assert lane_threads.emptied(UNIT_A).result(0)
