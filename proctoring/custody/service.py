"""Appending to the custody ledger, in the same transaction as the act it records, and reading it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import Clock
from proctoring.custody.model import GENESIS, Action, Actor, Entry, entry_body, entry_hash
from proctoring.custody.rows import CertificateRow, EntryRow, LedgerHeadRow
from proctoring.db import announce, before_commit
from proctoring.errors import NotFound
from proctoring.paging import PAGE_SIZE, Page, page
from proctoring.tolerant import as_it_stands

HEAD_ID = 1
NUMBER_MAX = 10**15
PENDING = "custody-pending"


@dataclass(frozen=True, slots=True)
class _Act:
    """An entry that has no number yet."""

    at: datetime
    actor: Actor
    action: Action
    session_id: str | None
    unit_id: str | None
    detail: dict[str, str | int | None]


def enter(
    db: Db,
    clock: Clock | datetime,
    actor: Actor,
    action: Action,
    session_id: str | None = None,
    *,
    unit_id: str | None = None,
    **detail: str | int | None,
) -> None:
    """Append one entry when the caller's transaction commits: no act without its entry, and no entry without
    its act.

    `clock`: the instant of the act; the one in its row, where it has one.

    The entry gets its number last of all. So the head, for which all writers queue, is locked for the
    shortest time, and never while its holder waits for another row. The commit announces the action.
    """
    at = clock if isinstance(clock, datetime) else clock()
    db.info.setdefault(PENDING, []).append(_Act(at, actor, action, session_id, unit_id, detail))
    before_commit(db, PENDING, _append, last=True)
    announce(db, action.value)


def _append(db: Db) -> None:
    acts: list[_Act] = db.info.pop(PENDING)
    if not acts:
        return
    head = (
        update(LedgerHeadRow)
        .where(LedgerHeadRow.id == HEAD_ID)
        .values(number=LedgerHeadRow.number + len(acts))
    )
    last, prev = db.execute(head.returning(LedgerHeadRow.number, LedgerHeadRow.hash)).one()
    for number, act in enumerate(acts, start=last - len(acts) + 1):
        row = _row(number, act, prev)
        db.add(row)
        prev = row.hash
    db.execute(update(LedgerHeadRow).where(LedgerHeadRow.id == HEAD_ID).values(hash=prev))


def _row(number: int, act: _Act, prev: str) -> EntryRow:
    hashed = entry_hash(
        entry_body(
            number=number,
            at=act.at,
            actor=act.actor,
            action=act.action,
            session_id=act.session_id,
            unit_id=act.unit_id,
            detail=act.detail,
            prev=prev,
        )
    )
    return EntryRow(
        number=number,
        at=act.at,
        actor=act.actor.id,
        role=act.actor.role,
        action=act.action.value,
        session_id=act.session_id,
        unit_id=act.unit_id,
        detail=act.detail,
        prev=prev,
        hash=hashed,
    )


def entries(
    db: Db,
    session_id: str | None = None,
    after: int = 0,
    limit: int | None = None,
    action: Action | None = None,
) -> list[Entry]:
    """Entries in ascending order: the whole ledger, or those that name the session, or tell such an act."""
    query = select(EntryRow).where(EntryRow.number > after).order_by(EntryRow.number)
    if session_id is not None:
        query = query.where(EntryRow.session_id == session_id)
    if action is not None:
        query = query.where(EntryRow.action == action.value)
    if limit is not None:
        query = query.limit(limit)
    return [row.model() for row in db.scalars(query)]


def count_entries(db: Db, session_id: str, action: Action) -> int:
    """How many entries of one kind the ledger has of a session."""
    mine = EntryRow.session_id == session_id, EntryRow.action == action.value
    return db.scalar(select(func.count()).select_from(EntryRow).where(*mine)) or 0


def lock_head(db: Db) -> None:
    """Nobody else appends until the caller's transaction ends. It must wait for no other row from here on."""
    db.execute(select(LedgerHeadRow.id).where(LedgerHeadRow.id == HEAD_ID).with_for_update())


def head(db: Db) -> tuple[int, str]:
    """Number and hash of the last entry."""
    mine = select(LedgerHeadRow.number, LedgerHeadRow.hash).where(LedgerHeadRow.id == HEAD_ID)
    row = db.execute(mine).first()  # never as a transaction has seen it before
    return (row.number, row.hash) if row else (0, GENESIS)


def last_entered_at(db: Db) -> datetime | None:
    """When the last entry was made; None also where its row does not tell."""
    last = select(as_it_stands(EntryRow.__table__.c.at)).order_by(EntryRow.number.desc()).limit(1)
    at = db.scalar(last)
    return at if isinstance(at, datetime) else None


def certificate(db: Db, certificate_id: str) -> CertificateRow:
    """One erasure certificate. Raises NotFound."""
    row = db.get(CertificateRow, certificate_id)
    if row is None:
        raise NotFound(
            "There is no such certificate.",
            "Open it from the session or the retention page.",
            "no-certificate",
        )
    return row


def certificates(db: Db, session_id: str) -> list[CertificateRow]:
    """The certificates of a session, the newest first."""
    mine = select(CertificateRow).where(CertificateRow.session_id == session_id)
    return list(db.scalars(mine.order_by(CertificateRow.issued_at.desc())))


def newest_certificates(db: Db, after: str = "", size: int = PAGE_SIZE) -> Page[CertificateRow]:
    """A page of all certificates, the newest first. Raises NotFound (`paging.page`)."""
    return page(db, CertificateRow, by=(CertificateRow.issued_at,), after=after, newest_first=True, size=size)
