"""Memory of the job between its passes, signed: an edit of rows cannot forge that they were read like that.

Only signed content is believed; anything else is read again. `proctoring.proofs.pages` remember the ledger's
part.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.rows import EntryRow
from proctoring.proofs.check import Checked
from proctoring.proofs.rows import STATE_ID, ReplayedRow, ReplayRow
from proctoring.tolerant import as_it_stands
from storage.errors import NotAuthentic
from storage.proofs.note import NoteSigner
from storage.proofs.sign import Purpose, check_body, sign_body


@dataclass(frozen=True, slots=True)
class Cursors:
    """The last session and the last unit that the rounds have passed; empty where a round begins."""

    session: str = ""
    unit: str = ""


def cursors(db: Db) -> Cursors:
    """Where the rounds go on."""
    held = _state(db, "session_cursor", "unit_cursor")
    return Cursors(*held) if held is not None else Cursors()


def set_session_cursor(db: Db, session_id: str) -> None:
    """The round of sessions has passed this one."""
    _set(db, session_cursor=session_id)


def set_unit_cursor(db: Db, unit_id: str) -> None:
    """The round of units has passed this one."""
    _set(db, unit_cursor=unit_id)


def passed(db: Db, at: datetime, through: int) -> None:
    """Note a pass, and the last entry that is read."""
    _set(db, passed_at=at, through=through)


def remember(db: Db, signer: NoteSigner, checked: Iterable[Checked]) -> None:
    """Of sessions that agree the digest of their rows; of others nothing that is signed: they are replayed
    again."""
    for one in checked:
        text = _text(one.session_id, one.through, one.digest)
        signature = "" if one.compared.faults else sign_body(signer, Purpose.REPLAYED, text)
        db.merge(ReplayedRow(id=one.session_id, through=one.through, digest=one.digest, signature=signature))


def remembered(db: Db, public: bytes, session_ids: Collection[str]) -> dict[str, tuple[int, str]]:
    """Of these sessions the newest entry that their rows depended on, and the rows' digest."""
    rows = db.scalars(select(ReplayedRow).where(ReplayedRow.id.in_(session_ids)))
    return {
        row.id: (row.through, row.digest)
        for row in rows
        if _is_signed(public, Purpose.REPLAYED, _text(row.id, row.through, row.digest), row.signature)
    }


def newest_entries(db: Db, session_ids: Collection[str]) -> dict[str, int]:
    """The number of the newest entry about each of these sessions."""
    newest = select(EntryRow.session_id, func.max(EntryRow.number)).group_by(EntryRow.session_id)
    return {
        str(one): int(number)
        for one, number in db.execute(newest.where(EntryRow.session_id.in_(session_ids)))
    }


def _state(db: Db, *names: str) -> Sequence[Any] | None:
    table = ReplayRow.__table__
    columns = [as_it_stands(table.c[name]) for name in names]
    return db.execute(select(*columns).where(table.c.id == STATE_ID)).first()


def _set(db: Db, **values: object) -> None:
    db.execute(update(ReplayRow).where(ReplayRow.id == STATE_ID).values(**values))


def _text(session_id: str, through: int, digest: str) -> str:
    return f"{session_id}\n{through}\n{digest}\n"


def _is_signed(public: bytes, purpose: Purpose, text: str, signature: object) -> bool:
    try:
        check_body(public, purpose, text, str(signature))
    except NotAuthentic:
        return False
    return True
