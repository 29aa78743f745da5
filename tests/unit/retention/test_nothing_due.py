"""A pass of the retention worker reads what is due, not what exists."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from proctoring.units.rows import UnitRow
from retention import words
from retention.outcome import ErasureOutcome
from tests.bench.scale.fill import fill
from tests.support.decided import decide_everything
from tests.support.statements import Sent, read_by, sent
from tests.support.world import World

FEW, MANY = 40, 120


def settled(world: World) -> list[str]:
    """Sessions of every kind, long over, of which every daily look has been taken and nothing is due; some to
    make more of."""
    decided = decide_everything(world)
    kinds = [decided.agreed.id, decided.disputed.id, decided.annulled.id, world.ended().id]
    for hours in (2, 25, 25):
        world.clock.move(hours=hours)
        world.eraser.run(confirmed=True)
    with world.core.db.begin() as db:
        db.execute(update(UnitRow).values(due_at=world.clock() + timedelta(days=900)))
    return kinds


def more(world: World, kinds: list[str], sessions: int, done: int = 0) -> None:
    with world.core.db.engine.connect() as connection:
        fill(connection, kinds, sessions, done)
        if connection.dialect.name == "sqlite":  # nothing analyses it: its planner knows no figures
            connection.exec_driver_sql("DELETE FROM sqlite_stat1")
            connection.exec_driver_sql("ANALYZE sqlite_schema")
            connection.commit()


def passed(world: World) -> tuple[list[ErasureOutcome], list[Sent]]:
    world.clock.move(minutes=1)
    with sent(world.core.db) as statements:
        return world.eraser.run(), statements


def test_a_pass_with_nothing_due_reads_the_same_however_much_there_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the sessions: as many statements, and for all of them not a row more for each session more."""
    monkeypatch.setattr(words, "SESSIONS_A_PASS", 1)
    kinds = settled(world)
    more(world, kinds, FEW)
    outcomes, few = passed(world)
    read = read_by(world.core.db, few)
    more(world, kinds, MANY, FEW)
    outcomes_then, many = passed(world)
    assert outcomes == outcomes_then == []
    assert len(many) <= len(few) + 1  # one more where the round over all sessions begins anew
    assert read_by(world.core.db, many) < read + MANY - FEW


def test_what_a_due_session_costs_does_not_grow_with_the_others(world: World) -> None:
    """Its erasure sends as many statements among many sessions as among few."""
    kinds = settled(world)
    costs = []
    for done, sessions in ((0, FEW), (FEW, MANY)):
        more(world, kinds, sessions, done)
        fresh = world.ended()
        with world.core.db.read() as db:
            mine = select(func.max(UnitRow.due_at)).where(UnitRow.session_id == fresh.id)
            world.clock.now = db.scalars(mine).one() - timedelta(hours=1)
        world.eraser.run(confirmed=True)  # what else has come to its end meanwhile
        world.clock.move(hours=1)
        outcomes, statements = passed(world)
        assert {one.line.session_id for one in outcomes if one.certificate_id} == {fresh.id}
        costs.append(len(statements))
    assert costs[1] <= costs[0]
