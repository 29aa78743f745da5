"""Summaries say of every session what its rows say, whatever happened to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, text, update

from proctoring.casework import summaries
from proctoring.casework.summary_check import SummaryCheck
from proctoring.cli import main
from proctoring.compose.prepare import prepare
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.migrations import upgrade
from proctoring.summaries import service
from proctoring.summaries.model import COUNTS, Stage, counted
from proctoring.summaries.rows import CountRow, SummaryRow
from proctoring.summaries.service import SUMMED, counts, summary_of
from tests.support import postgres
from tests.support.decided import Decided, decide_everything
from tests.support.settings import plain_settings
from tests.support.statements import counted as counted_statements
from tests.support.world import World
from tests.support.written import ANNA

EDITS = {
    "began": False,
    "recording": True,
    "due_at": None,
    "held": True,
    "open_flags": 7,
    "stage": Stage.SECOND.value,
    "free": True,
    "claimed_by": "somebody",
    "calls": 3,
    "restricted": True,
    "listed": None,
    "rank": 0,
}


def differing(world: World) -> dict[str, tuple[str, ...]]:
    with world.core.db.read() as db:
        return {one.session_id: one.columns for one in summaries.differing(db)[0]}


def miscounted(world: World) -> list[str]:
    with world.core.db.read() as db:
        return summaries.miscounted(db)


def edit(world: World, statement: Any) -> None:
    with world.core.db.begin() as db:
        db.execute(statement)


@pytest.mark.promise("P12")
def test_every_act_keeps_the_summary_of_its_session(world: World) -> None:
    """Sessions of every state and each decision; nothing differs, and the counts are what the summaries add
    up to, on both databases."""
    decided = decide_everything(world)
    assert differing(world) == {}
    assert miscounted(world) == []
    with world.core.db.read() as db:
        rows = {row.session_id: row for row in db.scalars(select(SummaryRow))}
        whole = counts(db)
    added = dict.fromkeys(COUNTS, 0)
    for row in rows.values():
        for name, n in counted(summary_of({one: getattr(row, one) for one in SUMMED})).items():
            added[name] += n
    assert {name: whole[name] for name in COUNTS} == added
    assert rows[decided.agreed.id].listed == Stage.DECIDED
    assert rows[decided.disputed.id].listed == Stage.SECOND
    assert rows[decided.disputed.id].held
    assert rows[decided.recording.id].recording
    assert rows[decided.invited.id].listed is None
    assert rows[decided.erased.id].due_at is None


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Decided]]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made, decide_everything(made)
    made.core.db.close()


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_summary_is_found_and_made_anew(checked: tuple[World, Decided], column: str) -> None:
    """Of each column; the job names it and mends it."""
    world, decided = checked
    session_id = decided.rejected.id
    mine = SummaryRow.session_id == session_id
    with world.core.db.read() as db:
        before = db.scalar(select(getattr(SummaryRow, column)).where(mine))
    assert before != EDITS[column]
    edit(world, update(SummaryRow).where(mine).values({column: EDITS[column]}))
    assert differing(world) == {session_id: (column,)}
    check = SummaryCheck(world.core)
    assert check.run() == 1
    assert check.run() == 0
    assert differing(world) == {}
    assert miscounted(world) == []


def test_a_summary_that_is_gone_is_made_anew(checked: tuple[World, Decided]) -> None:
    """The session is in the queue again."""
    world, decided = checked
    listed = len(world.queued())
    edit(world, delete(SummaryRow).where(SummaryRow.session_id == decided.rejected.id))
    edit(world, delete(SummaryRow).where(SummaryRow.session_id == decided.recording.id))
    assert len(world.queued()) < listed
    SummaryCheck(world.core).run()
    assert differing(world) == {}
    assert len(world.queued()) == listed


@pytest.mark.parametrize("name", COUNTS)
def test_a_wrong_count_is_found_and_counted_anew(checked: tuple[World, Decided], name: str) -> None:
    """At the end of the job's round through the sessions."""
    world, _ = checked
    edit(world, update(CountRow).values({name: getattr(CountRow, name) + 1}))
    assert miscounted(world) != []
    check = SummaryCheck(world.core)
    check.run()
    assert miscounted(world) != []
    check.run()
    assert miscounted(world) == []


def test_a_row_that_cannot_be_read_keeps_nobody_from_working(tmp_path: Path) -> None:
    """SQLite takes any value into any column: a due date that is none leaves the summary as it was; a flag
    can be raised and decided."""
    world = World(tmp_path)
    session = world.ended()
    garbled = "update evidence_units set due_at = 'abc', active_holds = 'abc' where session_id = :one"
    with world.core.db.begin() as db:
        db.execute(text(garbled), {"one": session.id})
    with world.core.db.begin() as db:
        flag = flags.raise_by_rule(
            db, world.core, session.id, at_ms=0, category=Category.OTHER, severity=Severity.MINOR, note=""
        )
    with world.core.db.begin() as db:
        flags.decide(db, world.core, ANNA, flag.id, FlagState.CONFIRMED)
    assert [line.session.id for line in world.queued()] == [session.id]
    assert "due_at" in differing(world)[session.id]
    SummaryCheck(world.core).run()
    assert [line.session.id for line in world.queued()] == [session.id]
    world.core.db.close()


def test_a_stage_that_is_none_keeps_nobody_from_working(tmp_path: Path) -> None:
    """An edit of the summary itself: a flag is raised, and the job makes the summary anew."""
    world = World(tmp_path)
    session = world.ended()
    edit(world, update(SummaryRow).values(stage="abc"))
    with world.core.db.begin() as db:
        flags.raise_by_rule(
            db, world.core, session.id, at_ms=0, category=Category.OTHER, severity=Severity.MINOR, note=""
        )
    SummaryCheck(world.core).run()
    SummaryCheck(world.core).run()
    assert differing(world) == {}
    world.core.db.close()


def test_all_lock_summaries_before_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many statements a transaction's sessions take: whoever holds an exam's counts waits for no
    summary, so that nobody waits in a circle."""
    world = World(tmp_path)
    exam = world.exam()
    one, other = world.ended(exam), world.ended(exam)
    monkeypatch.setattr(service, "SESSIONS_PER_STATEMENT", 1)
    with counted_statements(world.core.db) as statements, world.core.db.begin() as db:
        for session in (one, other):
            flags.raise_by_rule(
                db, world.core, session.id, at_ms=0, category=Category.OTHER, severity=Severity.MINOR, note=""
            )
    of_summaries = [at for at, sql in enumerate(statements) if "FROM session_summaries" in sql]
    of_counts = [at for at, sql in enumerate(statements) if "exam_counts" in sql]
    assert len(of_summaries) >= 4
    assert max(of_summaries) < min(of_counts)
    world.core.db.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_migration_fills_them_from_what_there_is(tmp_path: Path, kind: str) -> None:
    """A database of the version before gets the summaries and counts that it would have had."""
    url = f"sqlite:///{tmp_path / 'world.db'}" if kind == "sqlite" else postgres.server().fresh()
    world = World(tmp_path, database_url=url if kind == "postgres" else None)
    decide_everything(world)
    with world.core.db.begin() as db:
        for table in ("session_summaries", "exam_counts", "copy_compared", "ledger_blocks"):
            db.execute(text(f"drop table {table}"))
        db.execute(text("drop index ix_evidence_units_unsigned"))
        db.execute(text("alter table evidence_units drop column unsigned"))
        db.execute(text("alter table ledger_replay drop column through"))
        db.execute(text("update alembic_version set version_num = '0032'"))
    assert upgrade(world.core.db)
    assert differing(world) == {}
    assert miscounted(world) == []
    world.core.db.close()


def test_ledger_verify_names_an_edited_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is hidden from the queue, and a count: exit 1, each by its id."""
    prepare(plain_settings(data=tmp_path / "data"))
    world = World(tmp_path)
    session = world.ended()
    edit(world, update(SummaryRow).values(listed=None))
    edit(world, update(CountRow).values(held=CountRow.held + 1))
    world.core.db.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'world.db'}")
    said = CliRunner().invoke(main, ("ledger", "verify"))
    assert said.exit_code == 1
    assert f"summary.differs  summary of session {session.id}: listed" in said.output
    assert f"summary.miscounted  counts of exam {session.exam_id}" in said.output
