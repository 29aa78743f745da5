"""Removal of the rows that told of what was recorded, once it cannot be opened any more.

Of an erased unit there go its segments, gaps, logged events and sheets of signals. Then go all signed heads
but the last, then its takes, and from its row the public key. The row, with size and head of the manifest,
stays, and so do the certificate and the ledger (`docs/formats/erased.md`).

They go in transactions of at most ROWS_AT_ONCE rows. Between any two the worker may be killed, and each may
be done again. A take without its key is how a later pass finds a unit of which rows are left.
"""

from collections.abc import Iterator

import structlog
from sqlalchemy import ColumnElement, Table, delete, exists, func, select, tuple_, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.rows import CheckpointRow
from proctoring.recordings.length import keep_lengths
from proctoring.recordings.rows import GapRow, LoggedEventRow, SegmentRow, TakeRow
from proctoring.signals.rows import SheetRow
from proctoring.units.model import KEYLESS_VALUES, UnitState
from proctoring.units.rows import UnitRow
from retention.guard import Disputed, Guard
from storage.proofs.checkpoint import unit_origin

ROWS_AT_ONCE = 1_000
UNITS_LOOKED_AT = 1_000  # of a pass; those whose erasure is under way are among them
UNITS_A_PASS = 200  # erased by an earlier version, or after a restore; each has some thousand rows
_RECORDED = (SegmentRow, GapRow, LoggedEventRow, SheetRow)

log = structlog.get_logger()


def remove_rows(core: Core, unit_id: str) -> int:
    """How many rows of the unit went. The caller knows from the ledger that its key was destroyed."""
    removed = 0
    while some := core.db.transact(lambda db: _remove_some(db, unit_id)):
        removed += some
        if some < ROWS_AT_ONCE:
            break
    return removed


def remove_rows_left(core: Core, guard: Guard) -> int:
    """The same for UNITS_A_PASS units that are erased and still have rows; how many units it was. One whose
    erasure the ledger does not tell is stopped."""
    with core.db.read() as db:
        units = _with_rows_left(db)
    return sum(_remove_left(core, guard, unit_id) for unit_id in units)


def _with_rows_left(db: Db) -> list[str]:
    keyless = select(TakeRow.unit_id).where(TakeRow.sealed_key.is_(None)).distinct()
    found = list(db.scalars(keyless.order_by(TakeRow.unit_id).limit(UNITS_LOOKED_AT)))
    erased = UnitRow.id.in_(found), (UnitRow.state + "") == UnitState.ERASED.value
    return list(db.scalars(select(UnitRow.id).where(*erased).order_by(UnitRow.id).limit(UNITS_A_PASS)))


def _remove_left(core: Core, guard: Guard, unit_id: str) -> bool:
    with core.db.read() as db:
        session_id = db.scalars(select(UnitRow.session_id).where(UnitRow.id == unit_id)).one()
    try:
        with guard.reading(session_id), core.db.read() as db:
            guard.check_erased(db, db.get_one(UnitRow, unit_id))
    except Disputed as disputed:
        guard.stop(disputed)
        return False
    log.info("erasure.rows_removed", unit=unit_id, rows=remove_rows(core, unit_id))
    return True


def _remove_some(db: Db, unit_id: str) -> int:
    keep_lengths(db, unit_id)
    sealing = UnitRow.id == unit_id, UnitRow.state.in_(KEYLESS_VALUES), UnitRow.public_key != b""
    taken = exists().where(TakeRow.unit_id == unit_id)  # without one, no later pass would find it
    db.execute(update(UnitRow).where(*sealing, taken).values(public_key=b"", key_tag=None))
    left = ROWS_AT_ONCE
    for table, mine in _going(unit_id):
        key = tuple_(*table.primary_key)
        some = select(*table.primary_key).where(mine).limit(left)
        left -= db.connection().execute(delete(table).where(mine, key.in_(some))).rowcount
        if left <= 0:
            break
    return ROWS_AT_ONCE - left


def _going(unit_id: str) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """The tables in order, and which rows of each."""
    for row in _RECORDED:
        yield _table(row), row.unit_id == unit_id
    origin = CheckpointRow.origin == unit_origin(unit_id)
    last = select(func.max(CheckpointRow.size)).where(origin).scalar_subquery()
    yield _table(CheckpointRow), origin & (CheckpointRow.size < last)
    yield _table(TakeRow), TakeRow.unit_id == unit_id


def _table(row: type[SegmentRow | GapRow | LoggedEventRow | SheetRow | CheckpointRow | TakeRow]) -> Table:
    table = row.__table__
    assert isinstance(table, Table)
    return table
