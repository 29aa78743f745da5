"""Nothing that names a candidate, and no word about one, outlives the record, in any column or file (P7)."""

import re
from datetime import timedelta
from traceback import format_exception
from typing import Any

import pytest
from sqlalchemy import JSON, LargeBinary, String, Table, TypeDecorator, select, update
from sqlalchemy.exc import IntegrityError

from proctoring.casework import procedures
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.tables import METADATA
from proctoring.records.model import RECORD, WORDS
from proctoring.records.stays import GONE_WITH_KEY, STAYS, Why
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.units.rows import UnitRow
from tests.support.decided import decide_everything
from tests.support.world import ADMIN, World
from tests.support.written import (
    BERT,
    KEPT,
    NAMED,
    SAID,
    TITLED,
    WHO,
    columns_with,
    decided_about,
    places,
    titled,
    written_about,
)

YEARS = timedelta(days=3660)
NAME = re.compile(r"[A-Za-z0-9_.:/+-]*")
SHAPES = {
    Why.ID: NAME,
    Why.ACTED: NAME,
    Why.WORD: re.compile(r"[A-Za-z0-9_.:/,-]*|[a-z0-9/]+; codecs=\"[a-z0-9.,]+\""),
}
"""No sentence and no name has one of these."""


def text_of(table: Table) -> set[str]:
    """Columns that could hold words."""
    return {one.name for one in table.columns if isinstance(stored_as(one.type), String | JSON | LargeBinary)}


def stored_as(kind: object) -> object:
    """The type that the database has for a column."""
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def columns_of(*tables: dict[str, Any]) -> set[str]:
    return {f"{name}.{column}" for one in tables for name, columns in one.items() for column in columns}


def test_every_column_of_text_has_an_end_or_a_reason_to_stay() -> None:
    """One of the two, and only columns that exist: whoever adds one writes it into a table."""
    assert set(METADATA.tables) >= STAYS.keys() | GONE_WITH_KEY
    for name, table in METADATA.tables.items():
        if name in GONE_WITH_KEY:
            assert name not in STAYS
            continue
        ends = {*WORDS.get(name, ()), *RECORD.get(name, ())}
        stays = STAYS.get(name, {}).keys()
        assert not ends & stays, name
        assert text_of(table) == ends | stays, name


def dispute(world: World, session: Session) -> None:
    """Somebody ends a hold in the rows alone; the job finds it and the worker stops, until it is put back."""
    with world.core.db.begin() as db:
        placed = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason=SAID)
    mine, units = update(HoldRow).where(HoldRow.id == placed.id), update(UnitRow)
    units = units.where(UnitRow.session_id == session.id)
    with world.core.db.begin() as db:
        db.execute(mine.values(released_at=world.clock(), reason=f"{SAID}, edited"))
        db.execute(units.values(active_holds=0))
    LedgerReplay(world.core, world.signer).run()
    world.eraser.run(confirmed=True)
    with world.core.db.begin() as db:
        db.execute(mine.values(released_at=None, reason=SAID))
        db.execute(units.values(active_holds=1))
    with world.core.db.begin() as db:
        procedures.release(db, world.core, BERT, placed.id)


@pytest.mark.promise("P7")
@pytest.mark.promise("P11")
def test_a_canary_in_every_column_of_text_is_gone_at_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Erased with the footage where nothing was decided, with the record where something was; afterwards no
    file of the database, log, copy or object has it. What stays, stays where a reason allows it."""
    exam = titled(world)
    decided_about(world, exam)
    written = written_about(world, exam)
    assert columns_with(world, SAID) == columns_of(WORDS)
    assert columns_with(world, WHO) == columns_of(RECORD)
    gone = {f"{name}.{one}" for name in GONE_WITH_KEY for one in text_of(METADATA.tables[name])}
    assert columns_with(world, KEPT) >= {one for one in gone if not one.endswith(("unit_id", "take_id"))}
    world.clock.move(days=120)
    dispute(world, written)
    world.eraser.run(confirmed=True)
    assert columns_with(world, KEPT) == set()
    world.clock.move(days=YEARS.days)
    world.eraser.run(confirmed=True)
    for canary in (SAID, WHO, KEPT):
        assert columns_with(world, canary) == set()
    said = capsys.readouterr()
    assert "erasure.stopped" in said.out
    assert "ledger.disagrees" in said.out
    for canary in (SAID, WHO, KEPT, NAMED, TITLED):
        assert canary not in said.out + said.err
    files = list(places(world))
    for canary in (SAID, WHO, KEPT):
        assert [name for name, data in files if canary.encode() in data] == []
    allowed = {f"{name}.{column}": why for name, columns in STAYS.items() for column, why in columns.items()}
    assert {allowed[column] for column in columns_with(world, NAMED)} == {Why.STAFF}
    assert {allowed[column] for column in columns_with(world, TITLED)} == {Why.HOUSE}


def test_a_column_that_may_stay_holds_what_its_reason_says(world: World) -> None:
    """After everything that can happen: ids, closed words and accounts have no room for a sentence."""
    decide_everything(world)
    LedgerReplay(world.core, world.signer).run()
    odd = []
    with world.core.db.read() as db:
        for name, columns in STAYS.items():
            for row in db.execute(select(METADATA.tables[name])).mappings():
                for column, why in columns.items():
                    value = row[column]
                    if value is not None and why in SHAPES and not SHAPES[why].fullmatch(str(value)):
                        odd.append(f"{name}.{column}: {value}")
    assert odd == []


@pytest.mark.promise("P13")
def test_an_error_of_the_database_quotes_no_row(world: World) -> None:
    """PostgreSQL names the whole row that it refuses: not to us, and so to no log."""
    session = world.session()
    refused = update(SessionRow).where(SessionRow.id == session.id).values(ref=SAID, state=None)
    with pytest.raises(IntegrityError) as error, world.core.db.begin() as db:
        db.execute(refused)
    told = "".join(format_exception(error.value))
    assert "null" in told.lower()
    assert SAID not in told
