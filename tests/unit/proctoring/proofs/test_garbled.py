"""Values that no column of ours can hold, which SQLite takes all the same: each is a finding, and no pass
fails."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Column, MetaData, Table, create_engine, select, text

from proctoring.cli import main
from proctoring.compose.prepare import prepare
from proctoring.custody.model import Action
from proctoring.custody.service import entries
from proctoring.db import Instant
from proctoring.proofs import findings
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.columns import compared
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.leaves import TABLE as SEGMENTS
from proctoring.proofs.tables import METADATA
from proctoring.tolerant import Garbled, as_it_stands
from tests.support.decided import decide_everything
from tests.support.settings import plain_settings
from tests.support.world import World
from tests.unit.proctoring.proofs.test_job import edit_ref, found

GARBAGE = ("abc", "", "2026-13-45 99:00:00", b"\xff\x00", 1.5)
BAD_TEXT = "CAST(x'ff41' AS TEXT)"
COMPARED = [
    (table, column)
    for table in METADATA.tables
    for column in compared(table)
    if not METADATA.tables[table].columns[column].primary_key
]
LEAVES = [(SEGMENTS, column.name) for column in METADATA.tables[SEGMENTS].columns if not column.primary_key]
MEMORY = [
    ("ledger_replay", "passed_at"),
    ("ledger_replay", "session_cursor"),
    ("ledger_pages", "body"),
    ("ledger_pages", "signature"),
    ("copy_compared", "body"),
    ("copy_compared", "signature"),
    ("replayed_sessions", "through"),
    ("replayed_sessions", "digest"),
    ("replayed_sessions", "signature"),
    ("replay_findings", "found_at"),
    ("replay_findings", "code"),
]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("decided"))
    decide_everything(world)
    yield world
    world.core.db.close()


class _Back(Exception):
    """Takes the edit back."""


def faults_after(world: World, sql: str, value: object) -> set[tuple[str, str]]:
    seen: set[tuple[str, str]] = set()
    with pytest.raises(_Back), world.core.db.begin() as db:
        db.execute(text("PRAGMA ignore_check_constraints = ON"))
        db.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection = db.connection()
        changed = connection.exec_driver_sql(sql, (value,) if "?" in sql else ())
        assert changed.rowcount == 1
        seen = {(one.table, one.column) for one in compare_all_rows(db).faults}
        raise _Back
    return seen


@pytest.mark.parametrize(("table", "column"), [*COMPARED, *LEAVES], ids=lambda one: one)
def test_garbage_in_a_column_is_found_by_table_and_column(decided: World, table: str, column: str) -> None:
    """Whatever SQLite takes: words in a date, bytes, text that is no UTF-8, a fraction."""
    key = "(unit_id, position)" if table == SEGMENTS else "rowid"
    mine = f"{key} = (SELECT {key.strip('()')} FROM {table} ORDER BY {key.strip('()')} LIMIT 1)"
    for value in GARBAGE:
        sql = f"UPDATE {table} SET {column} = ? WHERE {mine}"
        assert (table, column) in faults_after(decided, sql, value) or _is_value(table, column, value)
    bad = f"UPDATE {table} SET {column} = {BAD_TEXT} WHERE {mine}"
    assert (table, column) in faults_after(decided, bad, None) or _is_value(table, column, "")


def _is_value(table: str, column: str, value: object) -> bool:
    """Whether the column can hold it: of such a row the ledger may tell nothing."""
    kind = METADATA.tables[table].columns[column].type.python_type
    return not isinstance(value, bytes) if kind is str else type(value) is kind


@pytest.mark.parametrize("column", ["at", "actor", "action", "detail", "prev", "hash"])
def test_garbage_in_an_entry_is_found(decided: World, column: str) -> None:
    """An entry that cannot be read tells nothing, and is named."""
    of_session = "number = (SELECT max(number) FROM custody_entries WHERE session_id IS NOT NULL)"
    for where in (of_session, "number = (SELECT min(number) FROM custody_entries)"):
        seen = faults_after(decided, f"UPDATE custody_entries SET {column} = ? WHERE {where}", b"\xff")
        assert ("custody_entries", column) in seen


def test_a_null_where_none_may_be_is_no_value() -> None:
    """SQLite's schema itself can be edited, and then takes it."""
    held: Column[datetime] = Column("due_at", Instant(), nullable=False)
    table = Table("units", MetaData(), held)
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE units (due_at DATETIME)")
        connection.exec_driver_sql("INSERT INTO units VALUES (NULL), ('abc')")
        values = list(connection.scalars(select(as_it_stands(table.c.due_at))))
    engine.dispose()
    assert values == ["NULL", "abc"]
    assert all(isinstance(one, Garbled) for one in values)


@pytest.mark.parametrize(("table", "column"), MEMORY, ids=lambda one: one)
def test_garbage_in_what_the_job_remembers_ends_no_pass(tmp_path: Path, table: str, column: str) -> None:
    """It is read as nothing, and an edit is found all the same, by this pass and by the next."""
    world = World(tmp_path)
    session = world.ended()
    replay = LedgerReplay(world.core, world.signer)
    edit_ref(world, session, "C-9")
    replay.run()
    for value in GARBAGE:
        with world.core.db.begin() as db:
            db.connection().exec_driver_sql(f"UPDATE {table} SET {column} = ?", (value,))
        replay.run()
        assert found(world) == {("sessions", session.id, "ref")}
    world.core.db.close()


@pytest.mark.parametrize("column", ["due_at", "manifest_size", "manifest_head"])
def test_garbage_in_a_unit_fails_no_pass_of_the_job(tmp_path: Path, column: str) -> None:
    """Also where the job asks for the unit's leaves."""
    world = World(tmp_path)
    world.ended()
    replay = LedgerReplay(world.core, world.signer)
    replay.run()
    with world.core.db.begin() as db:
        db.connection().exec_driver_sql(f"UPDATE evidence_units SET {column} = 'abc' WHERE kind = 'webcam'")
    replay.run()
    assert {(table, name) for table, _, name in found(world)} == {("evidence_units", column)}
    world.core.db.close()


def test_many_findings_of_a_pass_are_few_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOLD_A_PASS are told one by one, the rest as a number; all alarm, none is told again."""
    monkeypatch.setattr(findings.Telling.__init__, "__defaults__", (2, 0))
    world = World(tmp_path)
    for _ in range(3):
        world.ended()
    replay = LedgerReplay(world.core, world.signer)
    replay.run()
    with world.core.db.begin() as db:
        db.execute(text("UPDATE sessions SET ref = 'X', minutes = 7"))
    assert replay.run().findings == 6
    replay.run()
    with world.core.db.read() as db:
        told = [one.detail for one in entries(db) if one.action is Action.AUDIT_FINDING]
        assert findings.open_findings(db) == 6
    assert [one.get("column", one.get("more")) for one in told] == ["minutes", "ref", 4]
    world.core.db.close()


def test_ledger_verify_names_garbage_and_ends_in_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1; the chains, which cannot be followed then, are said not to have been."""
    prepare(plain_settings(data=tmp_path / "data"))
    world = World(tmp_path)
    world.ended()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'world.db'}")
    with world.core.db.begin() as db:
        db.execute(text("UPDATE evidence_units SET due_at = 'abc' WHERE kind = 'webcam'"))
        db.execute(text("UPDATE custody_entries SET at = 'abc' WHERE number = 2"))
    world.core.db.close()
    said = CliRunner().invoke(main, ("ledger", "verify"))
    assert (said.exit_code, isinstance(said.exception, SystemExit)) == (1, True)
    assert "custody_entries 2 at" in said.output
    assert "rows.unreadable" in said.output
    with closing(sqlite3.connect(tmp_path / "world.db")) as file:
        (unit,) = file.execute("SELECT id FROM evidence_units WHERE kind = 'webcam'").fetchone()
    assert f"evidence_units {unit} due_at" in said.output
