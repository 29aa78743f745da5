"""Rows that go with an evidence unit's key: in one place, for an erasure and for one that is done again.

The others go later and in pieces (`retention.removal`).
"""

from sqlalchemy import delete, exists, update
from sqlalchemy.orm import Session as Db

from proctoring.recordings.rows import GapRow, LoggedEventRow, TakeRow
from proctoring.signals import service as signals


def forget(db: Db, unit_id: str) -> None:
    """Keys of takes, ids of events, sheets of signals, and the gaps of a stream that never began. The caller
    has destroyed the unit's key in this transaction."""
    db.execute(update(TakeRow).where(TakeRow.unit_id == unit_id).values(sealed_key=None))
    db.execute(delete(LoggedEventRow).where(LoggedEventRow.unit_id == unit_id))
    never_began = ~exists().where(TakeRow.unit_id == unit_id)
    db.execute(delete(GapRow).where(GapRow.unit_id == unit_id, never_began))
    signals.forget(db, unit_id)
