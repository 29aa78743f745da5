"""Summaries are brought up to date by the transaction that changes what they sum up, just before it commits.

Each room that owns such rows says as a `Part` which columns follow from them, and calls `changed`. The rows
are read anew then, never added to: a summary cannot drift. All lock summaries by session, then counts by
exam, and nothing but the ledger's head after them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Db

from proctoring.db import before_commit
from proctoring.summaries.model import COUNTS, Stage, Summary, counted
from proctoring.summaries.rows import CountRow, SummaryRow
from proctoring.tolerant import Garbled, as_it_stands, read_for

CHANGED, COUNTED = "summaries", "counts"
SESSIONS_PER_STATEMENT = 500
SUMMED = tuple(field.name for field in fields(Summary))
"""What a `Summary` is made of; the session's place in the queue follows from it."""

_TABLE = SummaryRow.__table__
_KEPT = [as_it_stands(_TABLE.c[name]) for name in ("session_id", "exam_id", "claimed_by", *SUMMED)]


@dataclass(frozen=True, eq=False)
class Part:
    """Columns of the summary that follow from one room's rows, each with what it is of the session
    `SummaryRow.session_id`."""

    columns: Mapping[str, ColumnElement[Any]]


def make(db: Db, session_id: str, exam_id: str) -> None:
    """The summary of a new session, of which there is nothing yet."""
    db.add(SummaryRow(session_id=session_id, exam_id=exam_id))


def changed(db: Db, session_id: str, part: Part) -> None:
    """Rows that this part of the session's summary follows from are changed by the caller's transaction."""
    waiting: dict[str, set[Part]] = db.info.setdefault(CHANGED, {})
    waiting.setdefault(session_id, set()).add(part)
    before_commit(db, CHANGED, _refresh)


def refresh(db: Db, session_ids: Collection[str], parts: Iterable[Part]) -> None:
    """Read these parts of these sessions' summaries anew, and count their exams' anew. The summary of a
    session whose rows cannot be read stays as it is."""
    _count(db, _read_anew(db, session_ids, parts))


def summary_of(values: Mapping[str, Any]) -> Summary:
    """The summary that these columns make."""
    return Summary(**{name: values[name] for name in SUMMED} | {"stage": Stage(values["stage"])})


def counts(db: Db) -> Counter[str]:
    """COUNTS of all exams together; of one transaction as it first asked."""
    if COUNTED not in db.info:
        columns = [func.coalesce(func.sum(getattr(CountRow, name)), 0).label(name) for name in COUNTS]
        found = db.execute(select(*columns)).mappings().one()
        db.info[COUNTED] = Counter({name: int(n) for name, n in found.items()})
    counted: Counter[str] = db.info[COUNTED]
    return counted


def _refresh(db: Db) -> None:
    waiting: dict[str, set[Part]] = db.info.pop(CHANGED)
    ids = sorted(waiting)
    added: dict[str, Counter[str]] = {}
    for first in range(0, len(ids), SESSIONS_PER_STATEMENT):
        some = ids[first : first + SESSIONS_PER_STATEMENT]
        parts = {part for one in some for part in waiting[one]}
        for exam_id, counts in _read_anew(db, some, parts).items():
            added.setdefault(exam_id, Counter()).update(counts)
    _count(db, added)


def _read_anew(db: Db, session_ids: Collection[str], parts: Iterable[Part]) -> dict[str, Counter[str]]:
    """What that adds to the counts of each exam."""
    these = _TABLE.c.session_id.in_(session_ids)
    locked = select(*_KEPT).where(these).order_by(_TABLE.c.session_id).with_for_update()
    kept = {row["session_id"]: dict(row) for row in db.execute(locked).mappings()}
    names = {name: value for part in parts for name, value in part.columns.items()}
    columns = [read_for(_TABLE.c[name], value) for name, value in names.items()]
    added: dict[str, Counter[str]] = {}
    for row in db.execute(select(SummaryRow.session_id, *columns).where(these)).mappings().all():
        before = kept[row["session_id"]]
        now = {**before, **row}
        if not _is_readable(now):
            continue
        summary = summary_of(now)
        counts = added.setdefault(now["exam_id"], Counter())
        counts.update(counted(summary))
        if _is_readable(before):
            counts.subtract(counted(summary_of(before)))
        place = {"listed": summary.listed, "rank": summary.rank}
        mine = update(SummaryRow).where(_TABLE.c.session_id == row["session_id"])
        db.execute(mine.values({name: row[name] for name in names} | place))
    return added


def _is_readable(values: Mapping[str, Any]) -> bool:
    garbled = any(isinstance(value, Garbled) for value in values.values())
    return not garbled and values["stage"] in set(Stage)


def _count(db: Db, added: Mapping[str, Counter[str]]) -> None:
    for exam_id in sorted(added):
        grown = {name: getattr(CountRow, name) + n for name, n in added[exam_id].items() if n}
        if not grown:
            continue
        mine = update(CountRow).where(CountRow.exam_id == exam_id).values(grown)
        if db.scalar(mine.returning(CountRow.exam_id)) is None:
            insert = (sqlite if db.get_bind().dialect.name == "sqlite" else postgresql).insert(CountRow)
            first = insert.values(exam_id=exam_id, **dict.fromkeys(COUNTS, 0) | dict(added[exam_id]))
            db.execute(first.on_conflict_do_update(index_elements=[CountRow.exam_id], set_=grown))
