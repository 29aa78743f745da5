"""The table of columns: nothing of the schema without a line, no line without a comparison that is needed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from proctoring.proofs import check, compare
from proctoring.proofs.check import House, read_house
from proctoring.proofs.columns import COLUMNS, compared, document
from proctoring.proofs.compare import primary
from proctoring.proofs.model import EDITED, Key, Row, Told
from proctoring.proofs.read import Rows, entries_of, session_ids, session_rows
from proctoring.proofs.tables import METADATA
from storage.proofs.commitment import Value
from tests.support.decided import decide_everything
from tests.support.world import World

DOCUMENT = Path(__file__).parents[4] / "docs" / "formats" / "proofs.md"
Group = tuple[Told, Rows]


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Group]]:
    """What the ledger tells of each session and of the house, and their rows."""
    world = World(tmp_path_factory.mktemp("decided"))
    decide_everything(world)
    with world.core.db.read() as db:
        house = read_house(db)
        ids = session_ids(db, "", 100)
        (entries, _), rows = entries_of(db, ids), session_rows(db, ids)
        told = [(check.tell(db, house, entries[one], rows[one])[0], rows[one]) for one in ids]
    yield [*told, _of_house(house)]
    world.core.db.close()


def _of_house(house: House) -> Group:
    return house.told, house.rows


def test_every_column_of_the_schema_has_a_line_and_no_line_is_of_a_column_that_is_gone() -> None:
    """A new column fails this test until somebody says by what an edit of it is found."""
    schema = {name: set(table.columns.keys()) for name, table in METADATA.tables.items()}
    assert {name: set(columns) for name, columns in COLUMNS.items()} == schema


def test_the_document_is_this_table() -> None:
    """`docs/formats/proofs.md` ends with it; `python -m proctoring.proofs` writes it."""
    assert DOCUMENT.read_text().endswith(document())


def test_each_comparison_is_needed_and_finds_its_own_column_alone(
    groups: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One value changed is one fault, of that row and column; without that one comparison it is none. No
    column that the table calls told or committed is left out."""
    tried: set[Key] = set()
    for told, rows in groups:
        for key, row in rows.items():
            for column in told.rows.get(key, {}):
                if column == primary(key[0]) or column not in compared(key[0]):
                    continue
                edited = rows | {key: _edited(row, column)}
                faults = compare.compare(told, edited, {}).faults
                found = [(one.code, one.table, one.row, one.column) for one in faults]
                assert found == [(EDITED, *key, column)]
                with monkeypatch.context() as mutant:
                    mutant.setattr(compare, "compared", _without(column))
                    assert compare.compare(told, edited, {}).faults == []
                tried.add((key[0], column))
    every = {(table, column) for table in COLUMNS for column in compared(table) if column != primary(table)}
    assert every - tried == set()


def _without(dropped: str):  # type: ignore[no-untyped-def]
    return lambda table: tuple(column for column in compared(table) if column != dropped)


def _edited(row: Row, column: str) -> Row:
    value: Value = row.values[column]
    other: Value = value + 1 if isinstance(value, int) else f"{value or ''}x"
    if isinstance(value, str) and value.endswith("Z"):
        other = value.replace("20", "21", 1)
    return replace(row, values=row.values | {column: other})
