"""Appending to the custody ledger, in the same transaction as the act it records, and reading it."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import Clock
from proctoring.custody.model import GENESIS, Action, Actor, Entry, entry_body, entry_hash
from proctoring.custody.rows import CertificateRow, EntryRow, LedgerHeadRow
from proctoring.errors import NotFound

HEAD_ID = 1


def enter(
    db: Db,
    clock: Clock,
    actor: Actor,
    action: Action,
    session_id: str | None = None,
    unit_id: str | None = None,
    **detail: str | int | None,
) -> int:
    """Append one entry; its number. The head row is locked until the caller's transaction ends, so the
    numbers have no hole and no entry is without its act."""
    head = update(LedgerHeadRow).where(LedgerHeadRow.id == HEAD_ID).values(number=LedgerHeadRow.number + 1)
    found = db.execute(head.returning(LedgerHeadRow.number, LedgerHeadRow.hash)).first()
    if found is None:
        db.add(LedgerHeadRow(id=HEAD_ID, number=1, hash=GENESIS))
        db.flush()
        number, prev = 1, GENESIS
    else:
        number, prev = found
    at = clock()
    hashed = entry_hash(entry_body(number, at, actor, action, session_id, unit_id, detail, prev))
    db.add(
        EntryRow(
            number=number,
            at=at,
            actor=actor.id,
            role=actor.role,
            action=action.value,
            session_id=session_id,
            unit_id=unit_id,
            detail=detail,
            prev=prev,
            hash=hashed,
        )
    )
    db.execute(update(LedgerHeadRow).where(LedgerHeadRow.id == HEAD_ID).values(hash=hashed))
    return int(number)


def entries(db: Db, session_id: str | None = None, after: int = 0, limit: int | None = None) -> list[Entry]:
    """Entries in ascending order: the whole ledger, or those that name the session."""
    query = select(EntryRow).where(EntryRow.number > after).order_by(EntryRow.number)
    if session_id is not None:
        query = query.where(EntryRow.session_id == session_id)
    if limit is not None:
        query = query.limit(limit)
    return [row.model() for row in db.scalars(query)]


def head(db: Db) -> tuple[int, str]:
    """Number and hash of the last entry."""
    row = db.get(LedgerHeadRow, HEAD_ID)
    return (row.number, row.hash) if row else (0, GENESIS)


def certificate(db: Db, certificate_id: str) -> CertificateRow:
    """One erasure certificate. Raises NotFound."""
    row = db.get(CertificateRow, certificate_id)
    if row is None:
        raise NotFound("There is no such certificate.", "Open it from the session or the retention page.")
    return row


def certificates(db: Db, session_id: str | None = None, limit: int = 200) -> list[CertificateRow]:
    """Certificates, the newest first; of one session, or of all."""
    query = select(CertificateRow).order_by(CertificateRow.issued_at.desc()).limit(limit)
    if session_id is not None:
        query = query.where(CertificateRow.session_id == session_id)
    return list(db.scalars(query))
