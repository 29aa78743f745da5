"""Rows that go with an evidence unit's key: in one place, for an erasure and for one that is done again."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session as Db

from proctoring.recordings.rows import LoggedEventRow, TakeRow
from proctoring.signals import service as signals


def forget(db: Db, unit_id: str) -> None:
    """Keys of takes, ids of events, sheets of signals. The caller has destroyed the unit's key in this
    transaction."""
    db.execute(update(TakeRow).where(TakeRow.unit_id == unit_id).values(sealed_key=None))
    db.execute(delete(LoggedEventRow).where(LoggedEventRow.unit_id == unit_id))
    signals.forget(db, unit_id)
