"""Summaries of sessions, and the counts of their exams, compared with what they sum up."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, not_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Db

from proctoring.flags.summary import FLAGS
from proctoring.help.summary import CALLS
from proctoring.holds.summary import RESTRICTION
from proctoring.reviews.summary import REVIEW
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.summary import LIFE
from proctoring.summaries.model import COUNTS, Stage
from proctoring.summaries.rows import CountRow, SummaryRow
from proctoring.summaries.service import SESSIONS_PER_STATEMENT, make, refresh, summary_of
from proctoring.tolerant import Garbled, as_it_stands, read_for
from proctoring.units.summary import FOOTAGE

PARTS = (LIFE, FOOTAGE, FLAGS, REVIEW, CALLS, RESTRICTION)
_TABLE = SummaryRow.__table__
_TOLD = {name: value for part in PARTS for name, value in part.columns.items()}
_UNDECIDED = SummaryRow.listed == Stage.UNDECIDED.value
_IN_TIME = and_(SummaryRow.began, SummaryRow.due_at.is_not(None))


def _number(*where: ColumnElement[bool] | InstrumentedAttribute[bool]) -> ColumnElement[int]:
    return func.count().filter(and_(*where))


_COUNTED = {
    **{stage.value: _number(SummaryRow.listed == stage.value) for stage in Stage},
    "free": _number(_UNDECIDED, SummaryRow.free),
    "flagged": _number(_UNDECIDED, SummaryRow.open_flags > 0),
    "open_flags": func.coalesce(func.sum(SummaryRow.open_flags).filter(_UNDECIDED), 0),
    "going": _number(_IN_TIME, not_(SummaryRow.held)),
    "held": _number(_IN_TIME, SummaryRow.held),
}


@dataclass(frozen=True, slots=True)
class Differing:
    """A summary that says something else than the rows of its session. `columns`: in what; none where there
    is no summary."""

    session_id: str
    columns: tuple[str, ...]


def differing(db: Db, after: str = "") -> tuple[list[Differing], str | None]:
    """Among the SESSIONS_PER_STATEMENT sessions that follow the id `after`; and the id of the last of them,
    None where none follows."""
    following = select(SessionRow.id).where(SessionRow.id > after).order_by(SessionRow.id)
    ids = list(db.scalars(following.limit(SESSIONS_PER_STATEMENT)))
    mine = _TABLE.c.session_id.in_(ids)
    kept = {
        row["session_id"]: {**row}
        for row in db.execute(select(*map(as_it_stands, _TABLE.c)).where(mine)).mappings()
    }
    columns = [read_for(_TABLE.c[name], value) for name, value in _TOLD.items()]
    told = map(dict, db.execute(select(_TABLE.c.session_id, *columns).where(mine)).mappings())
    wrong = {row["session_id"]: _wrong(kept[row["session_id"]], {**row}) for row in told}
    found = [Differing(one, wrong.get(one, ())) for one in ids if one not in wrong or wrong[one]]
    return found, ids[-1] if ids else None


def all_differing(db: Db) -> Iterator[Differing]:
    """`differing` of all sessions."""
    after: str | None = ""
    while after is not None:
        found, after = differing(db, after)
        yield from found


def mend(db: Db, session_ids: Collection[str]) -> None:
    """Make the summaries of these sessions anew."""
    there = select(_TABLE.c.session_id).where(_TABLE.c.session_id.in_(session_ids))
    missing = select(SessionRow.id, SessionRow.exam_id).where(
        SessionRow.id.in_(session_ids), SessionRow.id.not_in(there)
    )
    for session_id, exam_id in db.execute(missing).all():
        make(db, session_id, exam_id)
    db.flush()
    refresh(db, session_ids, PARTS)


def miscounted(db: Db) -> list[str]:
    """Ids of the exams whose counts are not what their summaries add up to."""
    added = _by_exam(db, select(SummaryRow.exam_id, *_labelled()).group_by(SummaryRow.exam_id))
    kept = _by_exam(db, select(CountRow.__table__))
    nothing = dict.fromkeys(COUNTS, 0)
    exams = added.keys() | kept.keys()
    return sorted(one for one in exams if added.get(one, nothing) != kept.get(one, nothing))


def count_anew(db: Db, exam_ids: Collection[str]) -> None:
    """Count these exams anew."""
    db.execute(delete(CountRow).where(CountRow.exam_id.in_(exam_ids)))
    anew = select(SummaryRow.exam_id, *_labelled()).where(SummaryRow.exam_id.in_(exam_ids))
    columns = ["exam_id", *_COUNTED]
    db.execute(insert(CountRow).from_select(columns, anew.group_by(SummaryRow.exam_id)))


def _labelled() -> list[ColumnElement[Any]]:
    return [value.label(name) for name, value in _COUNTED.items()]


def _by_exam(db: Db, query: Any) -> dict[str, dict[str, int]]:
    rows = db.execute(query).mappings()
    return {row["exam_id"]: {name: int(row[name]) for name in COUNTS} for row in rows}


def _wrong(kept: Mapping[str, Any], told: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns in which a summary differs from what it sums up."""
    wrong = [name for name in _TOLD if kept[name] != told[name] or isinstance(kept[name], Garbled)]
    if not wrong:
        summary = summary_of(kept)
        wrong = [name for name in ("listed", "rank") if kept[name] != getattr(summary, name)]
    return tuple(wrong)
