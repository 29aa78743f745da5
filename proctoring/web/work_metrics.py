"""Work under way and work that waits for people, as the database tells it: part of `/metrics` in every
process.

Reads no table that capture's database user may not read. No label holds an id.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.db import Database
from proctoring.exams.model import Stream
from proctoring.help.rows import HelpRow
from proctoring.holds.rows import HoldRow
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.reviews.model import ReviewState
from proctoring.reviews.rows import ReviewRow
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import LIVING_VALUES, UnitState
from proctoring.units.rows import UnitRow

DUE_SOON: Final = timedelta(days=7)
COUNTED_EVERY: Final = timedelta(minutes=5)
"""Stored bytes are summed over every segment, so not at each request."""
UNDECIDED = (ReviewState.TO_REVIEW.value, ReviewState.IN_REVIEW.value)

_counted: WeakKeyDictionary[Database, tuple[datetime, int]] = WeakKeyDictionary()


def work(core: Core, db: Db) -> Iterator[Metric]:
    """Sessions, streams and bytes; then what is about to be too late."""
    now = core.clock()
    sessions = GaugeMetricFamily("sessions", "Sessions by state.", labels=["state"])
    yield _by(sessions, db, SessionRow.state, list(SessionState))
    under_way = TakeRow.ended_at.is_(None), TakeRow.late.is_(False)
    takes = GaugeMetricFamily("streams_recording", "Takes under way.", labels=["stream"])
    yield _by(takes, db, TakeRow.stream, list(Stream), *under_way)
    yield GaugeMetricFamily("stored_bytes", "Of segments that are not erased.", stored_bytes(core, db))
    signed_in = _count(db, EntryRow.number, EntryRow.action == Action.LOGIN_BEGIN.value)
    yield CounterMetricFamily("sign_ins", "Times that staff signed in, by the ledger.", signed_in)
    yield GaugeMetricFamily(
        "unreviewed_due_soon",
        "Sessions that nobody has decided on, unheld, whose recording goes within seven days.",
        unreviewed_due_soon(db, now),
    )
    unlooked = HoldRow.released_at.is_(None), HoldRow.review_at < now
    yield GaugeMetricFamily(
        "holds_past_review",
        "Holds past the date to look at them.",
        _count(db, HoldRow.id, *unlooked),
    )
    asked = select(func.min(HelpRow.asked_at)).where(HelpRow.answer.is_(None), HelpRow.ended_at.is_(None))
    oldest = db.scalar(asked)
    yield GaugeMetricFamily(
        "oldest_call_seconds",
        "For how long the oldest call for help has waited; 0 when none does.",
        max(0, ms_between(oldest, now) // 1000) if oldest else 0,
    )


def stored_bytes(core: Core, db: Db) -> int:
    """Sealed, of all units that are not erased; as it was at most COUNTED_EVERY ago."""
    now = core.clock()
    known = _counted.get(core.db)
    if known is not None and timedelta(0) <= now - known[0] < COUNTED_EVERY:
        return known[1]
    living = UnitRow.state != UnitState.ERASED.value
    total = db.scalar(
        select(func.sum(SegmentRow.ct_len)).join(UnitRow, UnitRow.id == SegmentRow.unit_id).where(living)
    )
    _counted[core.db] = now, int(total or 0)
    return int(total or 0)


def unreviewed_due_soon(db: Db, now: datetime) -> int:
    """How many sessions have a recorded stream that goes within DUE_SOON, and no decision."""
    query = (
        select(func.count(UnitRow.session_id.distinct()))
        .outerjoin(ReviewRow, ReviewRow.session_id == UnitRow.session_id)
        .where(
            UnitRow.kind.in_([stream.value for stream in Stream]),
            UnitRow.state.in_(LIVING_VALUES),
            UnitRow.active_holds == 0,
            UnitRow.manifest_size > 0,
            UnitRow.due_at <= now + DUE_SOON,
            or_(ReviewRow.state.is_(None), ReviewRow.state.in_(UNDECIDED)),
        )
    )
    return db.scalar(query) or 0


def _by(
    family: GaugeMetricFamily,
    db: Db,
    column: InstrumentedAttribute[str],
    values: list[SessionState] | list[Stream],
    *where: ColumnElement[bool],
) -> GaugeMetricFamily:
    counted = dict(db.execute(select(column, func.count()).where(*where).group_by(column)).all())
    for value in values:
        family.add_metric([value.value], counted.get(value.value, 0))
    return family


def _count(
    db: Db, column: InstrumentedAttribute[int] | InstrumentedAttribute[str], *where: ColumnElement[bool]
) -> int:
    return db.scalar(select(func.count(column)).where(*where)) or 0
