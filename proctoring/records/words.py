"""Rows in which people wrote about a session; their words are counted, and erased with their salts."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, or_, select, union
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import aliased

from proctoring.appeals.rows import AppealRow
from proctoring.db import Row
from proctoring.flags.rows import FlagRow
from proctoring.help.rows import HelpRow
from proctoring.holds.rows import HoldRow
from proctoring.identity.rows import IdentityCheckRow
from proctoring.incidents.rows import IncidentRow
from proctoring.records.model import ERASED, RECORD, WORDS
from proctoring.reviews.rows import ReviewRow
from proctoring.sessions.rows import SessionRow

ROWS: tuple[type[Row], ...] = (
    SessionRow,
    FlagRow,
    HelpRow,
    IdentityCheckRow,
    ReviewRow,
    IncidentRow,
    AppealRow,
    HoldRow,
)


def count(db: Db, session_id: str, what: dict[str, tuple[str, ...]] = WORDS) -> int:
    """How many texts are left of what people wrote."""
    counted = (_left(table, columns, session_id) for table, columns in what.items())
    return int(db.scalar(select(sum(counted, literal(0)))) or 0)


def erase(db: Db, session_id: str, what: dict[str, tuple[str, ...]] = WORDS) -> int:
    """Overwrite these words, with the salts of their commitments; how many there were."""
    gone = 0
    for table, columns in what.items():
        for row in db.scalars(_of(table, session_id).with_for_update()):
            salts = dict(row.salts or {})
            for column in columns:
                gone += bool(getattr(row, column))
                if salts.pop(column, None) or getattr(row, column):
                    setattr(row, column, ERASED)  # also where the ledger has a commitment to no words
            if salts != (row.salts or {}):
                row.salts = salts
    db.flush()
    return gone


def sessions_with_words() -> Select[Any]:
    """Ids of all sessions about which something written is left."""
    found = [
        select(_owner(table)).where(getattr(_row(table), column) != ERASED)
        for table, columns in WORDS.items()
        for column in columns
    ]
    return select(union(*found).subquery().c[0])


def is_any_left(session_id: Any) -> ColumnElement[bool]:
    """Whether something written is left about a session: `session_id` is a column of the query that asks."""
    return or_(*(_is_left(table, names, session_id) for table, names in WORDS.items()))


def _is_left(table: str, names: Iterable[str], session_id: Any) -> ColumnElement[bool]:
    owner = aliased(_row(table))
    mine = (owner.id if table == SessionRow.__tablename__ else owner.session_id) == session_id
    return exists().where(mine, or_(*(getattr(owner, name) != ERASED for name in names)))


def _left(table: str, columns: Iterable[str], session_id: str) -> ColumnElement[int]:
    texts = (case((getattr(_row(table), column) != ERASED, 1), else_=0) for column in columns)
    total = func.coalesce(func.sum(sum(texts, literal(0))), 0)
    return select(total).where(_owner(table) == session_id).scalar_subquery()


def _row(table: str) -> Any:
    return next(row for row in ROWS if row.__tablename__ == table)


def _owner(table: str) -> Any:
    return SessionRow.id if table == SessionRow.__tablename__ else _row(table).session_id


def _of(table: str, session_id: str) -> Select[Any]:
    return select(_row(table)).where(_owner(table) == session_id)


assert {*WORDS, *RECORD} <= {row.__tablename__ for row in ROWS}
