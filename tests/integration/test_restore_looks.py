"""A look reads what came after the last statement that nothing is missing, and finds what it found before."""

from pathlib import Path

import pytest
from sqlalchemy import delete, event, select

from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.quarantine.rows import ComparedRow
from proctoring.restore import compare, compared
from proctoring.restore.compare import CopyWatch
from tests.integration.put_back import hold, operations, published
from tests.support.restore import Operations, back_up
from tests.support.world import World

__all__ = ["operations"]


@pytest.fixture(autouse=True)
def every_byte_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement is made after each look that found something new in the copy."""
    monkeypatch.setattr(compare, "STATEMENT_BYTES", 1)


def stating(operations: Operations) -> CopyWatch:
    """The worker's, which may sign."""
    world = operations.world
    return CopyWatch(world.core, world.signer.public, operations.copy, world.signer)


def stated(operations: Operations) -> compared.Compared:
    with operations.world.core.db.read() as db:
        return compared.last(db, operations.world.signer.public, operations.copy)


def grown(operations: Operations) -> None:
    """Another session with a hold, its proofs copied."""
    hold(operations.world, operations.world.ended(published(operations.world)))
    operations.checkpoints().run()


def units_read(world: World, watch: CopyWatch) -> int:
    """How many ids a look asks the table of units for."""
    asked: list[int] = []

    def see(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        if "FROM evidence_units" in statement:
            assert isinstance(values, tuple | dict)
            asked.append(len(values))

    event.listen(world.core.db.engine, "before_cursor_execute", see)
    watch.look()
    event.remove(world.core.db.engine, "before_cursor_execute", see)
    return sum(asked)


def test_a_look_asks_for_what_the_copy_named_since_the_statement(operations: Operations) -> None:
    """A process that starts reads neither the copy before the statement nor the units named there."""
    for _ in range(3):
        grown(operations)
    assert units_read(operations.world, operations.watch()) >= 9
    stating(operations).look()
    assert stated(operations).offset == operations.copy.stat().st_size
    fresh = operations.watch()
    assert units_read(operations.world, fresh) == 0
    grown(operations)
    assert 3 <= units_read(operations.world, fresh) < 9
    assert not operations.quarantined()


def test_a_backup_brings_its_own_statement_with_it(operations: Operations) -> None:
    """A database that is put back misses what came after the backup, and is found to, by a process that runs
    on and by one that starts, although the copy was compared further before."""
    grown(operations)
    stating(operations).look()
    backup, before = back_up(operations.world), stated(operations)
    running = operations.watch()
    assert not running.look()
    grown(operations)
    stating(operations).look()
    assert not running.look()
    assert stated(operations).offset > before.offset
    backup.put_back()
    assert stated(operations) == before
    found = running.look()
    assert found.ledger and len(found.holds) == 0  # on units that this database never had
    assert operations.quarantined()
    assert operations.watch().compare() == found


def test_no_statement_is_made_while_something_is_missing(operations: Operations) -> None:
    """Neither as it is found nor in the quarantine."""
    grown(operations)
    with operations.world.core.db.begin() as db:
        db.execute(delete(HoldUnitRow))
        db.execute(delete(HoldRow))
    stating(operations).look()
    assert operations.quarantined()
    stating(operations).look()
    assert stated(operations) == compared.NOTHING


@pytest.mark.parametrize("edit", ["body", "signature", "offset", "shorter", "other"])
def test_a_statement_that_is_not_valid_counts_for_nothing(operations: Operations, edit: str) -> None:
    """Edited, or about a copy that has other bytes there: the whole copy is read."""
    grown(operations)
    stating(operations).look()
    statement = stated(operations)
    assert statement.offset
    with operations.world.core.db.begin() as db:
        row = db.scalars(select(ComparedRow)).one()
        if edit == "body":
            row.body = row.body.replace("offset", "offSet")
        elif edit == "signature":
            row.signature = row.signature[:-1] + ("0" if row.signature[-1] != "0" else "1")
        elif edit == "offset":
            row.body = row.body.replace(str(statement.offset), str(statement.offset - 1))
    _change(operations.copy, edit)
    assert stated(operations) == compared.NOTHING


def _change(copy: Path, edit: str) -> None:
    whole = copy.read_bytes()
    if edit == "shorter":
        copy.write_bytes(whole[:-10])
    elif edit == "other":
        copy.write_bytes(whole[:-10] + b"x" * 10 + whole)
