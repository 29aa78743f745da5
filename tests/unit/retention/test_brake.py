"""The clock brake: what a wrong clock would erase is not erased until a person has looked."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter, entries
from proctoring.holds import worker_state
from proctoring.holds.brake import BrakeCause, BrakeLimits, Reading, long_pause, too_much, wrong_clock
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.erase import Eraser
from retention.outcome import BRAKED, ErasureOutcome
from retention.rules import Rules
from storage.objects.shred import Shredder
from tests.support.world import START, UNPAUSED, World

ALL_AT_ONCE = Rules(brake=replace(UNPAUSED.brake, units_min=3))
BOSS = Actor("cli:boss", "operator")
S = timedelta(seconds=1)


def due(world: World) -> None:
    with world.core.db.read() as db:
        world.clock.now = max(db.scalars(select(UnitRow.due_at)))


def states(world: World) -> set[str]:
    with world.core.db.read() as db:
        return set(db.scalars(select(UnitRow.state)))


def braked(outcomes: list[ErasureOutcome]) -> bool:
    return bool(outcomes) and all((outcome.failure or "").startswith(BRAKED) for outcome in outcomes)


def cause(world: World) -> BrakeCause | None:
    with world.core.db.read() as db:
        brake = worker_state.brake_in_force(db)
    return brake.cause if brake else None


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(START + 160 * S, START + 160 * S, 160), None),
        (Reading(START + 160 * S, START + 100 * S, 160), None),
        (Reading(START + 161 * S, START + 100 * S, 160), BrakeCause.CLOCKS_DISAGREE),
        (Reading(START + 39 * S, START + 100 * S, 100), BrakeCause.CLOCKS_DISAGREE),
        (Reading(START + 161 * S, START + 161 * S, 100), BrakeCause.CLOCK_JUMPED),
        (Reading(START + 160 * S, START + 160 * S, 100), None),
        (Reading(START + 39 * S, START + 39 * S, 100), BrakeCause.CLOCK_JUMPED),
    ],
)
def test_sixty_seconds_are_let_through_and_no_more(reading: Reading, expected: BrakeCause | None) -> None:
    """Between host and database, and between what the clock says and the time that really passed."""
    found = wrong_clock(reading, Reading(START, START, 0), START, BrakeLimits())
    assert (found.cause if found else None) is expected


def test_a_clock_earlier_than_the_last_pass_is_seen_by_a_new_process_too() -> None:
    """It has no earlier reading of its own, but the database remembers the last pass."""
    reading = Reading(START, START, 0)
    assert wrong_clock(reading, None, START + 61 * S, BrakeLimits()) is not None
    assert wrong_clock(reading, None, START + 60 * S, BrakeLimits()) is None
    assert wrong_clock(reading, None, START - timedelta(days=40), BrakeLimits()) is None


@pytest.mark.parametrize(
    ("due_units", "living", "stops"),
    [(299, 299, False), (300, 600, False), (301, 600, True), (300, 599, True)],
)
def test_only_more_than_the_set_share_of_enough_units_pulls_it(
    due_units: int, living: int, stops: bool
) -> None:
    """Half of all living evidence, and never below the minimum count."""
    assert (too_much(due_units, living, BrakeLimits()) is not None) is stops


def test_a_jump_stops_erasure_until_a_person_confirms(world: World, ended: Session) -> None:
    """Nothing is decided, later passes stay braked, the ledger names who released it, and then all goes."""
    still = 0.0
    eraser = Eraser(world.core, Shredder(world.objects), world.signer, rules=UNPAUSED, ticks=lambda: still)
    eraser.run()
    due(world)
    assert braked(eraser.run())
    assert cause(world) is BrakeCause.CLOCK_JUMPED
    assert braked(world.new_eraser().run())
    assert states(world) == {UnitState.RETAINED.value}
    assert all(outcome.certificate_id for outcome in eraser.run(actor=BOSS, confirmed=True))
    assert cause(world) is None
    with world.core.db.read() as db:
        acts = [
            (e.action, e.actor) for e in entries(db) if e.action in (Action.BRAKE_PULL, Action.BRAKE_RELEASE)
        ]
    assert acts == [(Action.BRAKE_PULL, "system"), (Action.BRAKE_RELEASE, "cli:boss")]


def test_clocks_that_disagree_stop_erasure_and_end_no_session(world: World, ended: Session) -> None:
    """The database's clock runs two minutes ahead of this machine's."""
    due(world)
    running = world.admitted()
    ahead = replace(world.clock, now=max(world.clock.now, running.closes_at) + 120 * S)
    world.core.db._clock = ahead
    assert braked([o for o in world.eraser.run() if o.line.session_id == ended.id])
    assert cause(world) is BrakeCause.CLOCKS_DISAGREE
    with world.core.db.read() as db:
        open_units = select(UnitRow.state).where(UnitRow.session_id == running.id)
        assert set(db.scalars(open_units)) == {UnitState.OPEN.value}


def test_too_much_at_once_waits_for_a_person_also_when_asked_for_by_date(
    world: World, ended: Session
) -> None:
    """A pass as of a later instant is refused too, but leaves no brake behind; confirmed, it erases."""
    eraser = world.new_eraser(rules=ALL_AT_ONCE)
    later = START + timedelta(days=400)
    assert braked(eraser.run(later))
    assert cause(world) is None
    assert states(world) == {UnitState.RETAINED.value}
    due(world)
    assert braked(eraser.run())
    assert cause(world) is BrakeCause.TOO_MUCH_AT_ONCE
    assert all(outcome.certificate_id for outcome in eraser.run(later, BOSS, confirmed=True))


def test_what_has_begun_is_finished_under_a_brake(world: World, ended: Session) -> None:
    """Its key is gone: keeping the objects would save nothing."""
    due(world)
    with world.core.db.begin() as db:
        units = list(db.scalars(select(UnitRow).order_by(UnitRow.id)))
        units[0].state, units[0].sealed_private_key = UnitState.ERASING.value, None
        units[0].erasing_at = world.clock()
    # A unit on its way has its ledger entry; this one gets it here.

    with world.core.db.begin() as db:
        enter(db, world.clock, BOSS, Action.EVIDENCE_ERASE, ended.id, unit_id=units[0].id)
    outcomes = world.new_eraser(rules=Rules(brake=replace(UNPAUSED.brake, units_min=2, share=0.1))).run()
    assert {bool(o.certificate_id) for o in outcomes if o.line.unit_id == units[0].id} == {True}
    assert states(world) == {UnitState.ERASED.value, UnitState.RETAINED.value}


DAY = timedelta(days=1)
PAUSE = BrakeLimits().pause


@pytest.mark.parametrize(
    ("passed", "entered", "stops"),
    [
        (PAUSE, PAUSE, False),
        (PAUSE + S, S, True),  # the worker alone was down
        (S, PAUSE + S, True),  # it passed, and the ledger stood still all the same
        (2.7 * DAY, 2.7 * DAY, False),  # from Friday evening to Monday morning
        (4.7 * DAY, 4.7 * DAY, False),  # Easter
        (14 * DAY, 14 * DAY, True),
        (None, S, False),
        (S, None, False),
    ],
)
def test_a_long_weekend_is_no_long_pause_and_two_weeks_are(
    passed: timedelta | None, entered: timedelta | None, stops: bool
) -> None:
    """Since the last pass, and since the last entry of the ledger: the longer of the two counts."""
    passed_at, entered_at = (START - ago if ago is not None else None for ago in (passed, entered))
    found = long_pause(START, passed_at, entered_at, BrakeLimits())
    assert (found is not None) is stops


@dataclass
class Clocked:
    """Workers with the limits of production, each a process of its own; `authority` tells the time."""

    world: World
    authority: timedelta | None = None  # how far its clock is from ours; None: it gives no answer
    asked: int = 0

    def run(self, confirmed: bool = False) -> list[ErasureOutcome]:
        shredder = Shredder(self.world.objects)
        eraser = Eraser(
            self.world.core,
            shredder,
            self.world.signer,
            ticks=lambda: self.world.clock.now.timestamp(),
            ask_time=self.ask,
        )
        return eraser.run(actor=BOSS if confirmed else SYSTEM, confirmed=confirmed)

    def ask(self) -> datetime | None:
        self.asked += 1
        return None if self.authority is None else self.world.clock() + self.authority


@pytest.mark.promise("P7")
@pytest.mark.parametrize("days", [16, 400])
def test_a_start_far_from_the_last_signed_time_waits_for_a_person(
    world: World, ended: Session, days: int
) -> None:
    """However few units are due, and in every later pass; then all goes, and no brake is pulled again."""
    clocked = Clocked(world)
    clocked.run()
    world.clock.move(days=days)
    for _ in range(2):
        assert braked(clocked.run())
        assert cause(world) is BrakeCause.LONG_PAUSE
        world.clock.move(minutes=1)
    assert states(world) == {UnitState.RETAINED.value}
    assert all(outcome.certificate_id for outcome in clocked.run(confirmed=True))
    world.clock.move(minutes=1)
    clocked.run()
    assert cause(world) is None


@pytest.mark.promise("P7")
def test_an_authority_that_tells_the_same_time_wakes_nobody(world: World, ended: Session) -> None:
    """It is asked after a pause only; one that could not be asked at first ends the brake later."""
    clocked = Clocked(world)
    clocked.run()
    world.clock.move(days=16)
    assert braked(clocked.run())
    clocked.authority = -60 * S
    assert all(outcome.certificate_id for outcome in clocked.run())
    assert cause(world) is None
    clocked.run()
    assert clocked.asked == 2


def test_an_authority_that_tells_another_time_is_a_brake_for_a_person(world: World, ended: Session) -> None:
    """More than a minute away from ours: its later answers release nothing."""
    clocked = Clocked(world, authority=-61 * S)
    clocked.run()
    world.clock.move(days=16)
    assert braked(clocked.run())
    clocked.authority = 0 * S
    assert braked(clocked.run())
    assert cause(world) is BrakeCause.CLOCKS_DISAGREE


def test_a_service_where_nothing_happens_is_not_paused(world: World, ended: Session) -> None:
    """It passes, and enters once a day that it did: what falls due weeks later goes within the minute."""
    clocked = Clocked(world)
    with world.core.db.read() as db:
        due_at = max(db.scalars(select(UnitRow.due_at)))
    while world.clock() + DAY < due_at:
        assert not braked([one for one in clocked.run() if one.failure])
        world.clock.move(days=0.5)
    world.clock.now = due_at
    assert all(outcome.certificate_id for outcome in clocked.run())
    with world.core.db.read() as db:
        marks = [entry.at for entry in entries(db) if entry.action is Action.CLOCK_MARK]
    assert len(marks) >= 13
    assert all(later - earlier >= DAY for earlier, later in pairwise(marks))
    for _ in range(20):  # with nothing left to keep there is nothing to mark, nor to wait for
        world.clock.move(days=1)
        clocked.run()
    assert cause(world) is None
    with world.core.db.read() as db:
        assert len([entry for entry in entries(db) if entry.action is Action.CLOCK_MARK]) == len(marks)


def test_nothing_is_swept_or_listed_again_under_a_brake(world: World, ended: Session) -> None:
    """By a wrong clock the next audit would be as far away as the clock is wrong."""
    clocked = Clocked(world)
    clocked.run()
    with world.core.db.read() as db:
        before = worker_state.state(db).audited_at
    world.clock.move(days=400)
    clocked.run()
    with world.core.db.read() as db:
        assert worker_state.state(db).audited_at == before
