"""Rows that the ledger does not tell so: each is found, with its row and column."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session as Db

from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.model import Disagreement
from tests.support import postgres
from tests.support.decided import Decided, decide_everything
from tests.support.world import World
from tests.unit.proctoring.proofs.edits import FORTY, SIXTY, Edit


class _Back(Exception):
    """Takes the edit back."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def decided(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Decided]]:
    """One world for all edits: each is taken back."""
    folder: Path = tmp_path_factory.mktemp("decided")
    url = postgres.server().fresh() if request.param == "postgres" else None
    world = World(folder, database_url=url)
    yield world, decide_everything(world)
    world.core.db.close()
    if url is not None:
        postgres.server().drop(url)


def found(world: World, sessions: Decided, edit: Edit) -> list[Disagreement]:
    """What the replay says of the edited database."""
    faults: list[Disagreement] = []
    values = {name: getattr(sessions, name).id for name in Decided.__slots__}
    with pytest.raises(_Back), world.core.db.begin() as db:
        for one in edit.sql:
            _execute(db, one, values)
        faults += compare_all_rows(db).faults
        raise _Back
    return faults


def _execute(db: Db, sql: str, values: dict[str, str]) -> None:
    if db.get_bind().dialect.name == "sqlite":
        sql = sql.replace("+00:00'", "'")
    db.execute(text(sql), {name: one for name, one in values.items() if f":{name}" in sql})


def test_what_nobody_edited_has_no_fault(decided: tuple[World, Decided]) -> None:
    """A world in which everything happened agrees with its ledger; only gaps of a running take are not told
    yet."""
    world, _ = decided
    with world.core.db.read() as db:
        compared = compare_all_rows(db)
    assert compared.faults == []
    assert compared.untold == 6


def test_there_are_a_hundred_and_more() -> None:
    """Whoever adds a column that decides adds an edit of it."""
    assert (len(SIXTY), len(FORTY) >= 40) == (60, True)
    assert len({one.name for one in (*SIXTY, *FORTY)}) == len(SIXTY) + len(FORTY)


@pytest.mark.promise("P13")
@pytest.mark.parametrize("edit", [*SIXTY, *FORTY], ids=lambda edit: edit.name)
def test_an_edit_is_found_by_row_and_column(decided: tuple[World, Decided], edit: Edit) -> None:
    """Whatever else the edit leads to, its own table and column are named, and the row by its key."""
    faults = found(*decided, edit)
    assert (edit.table, edit.column) in {(one.table, one.column) for one in faults}
    assert all(one.row and one.told for one in faults)
