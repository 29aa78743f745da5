"""Work under way and work that waits for people, as the database tells it: part of `/metrics` in every
process.

Reads no table that capture's database user may not read. No label holds an id.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.exams.model import Stream
from proctoring.help.rows import HelpRow
from proctoring.holds.rows import HoldRow
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.model import Stage
from proctoring.summaries.rows import SummaryRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from proctoring.web.seldom import seldom

DUE_SOON: Final = timedelta(days=7)


def work(core: Core, db: Db) -> Iterator[Metric]:
    """Sessions, streams and bytes; then what is about to be too late."""
    now = core.clock()
    recording = _count(db, SessionRow.id, SessionRow.state == SessionState.RECORDING.value)
    by_state = seldom(core, db, _sessions) | {SessionState.RECORDING.value: recording}
    sessions = GaugeMetricFamily("sessions", "Sessions by state.", labels=["state"])
    yield _by(sessions, by_state, list(SessionState))
    under_way = select(TakeRow.stream, func.count()).where(
        TakeRow.ended_at.is_(None), TakeRow.late.is_(False)
    )
    takes = GaugeMetricFamily("streams_recording", "Takes under way.", labels=["stream"])
    yield _by(takes, counted(db, under_way.group_by(TakeRow.stream)), list(Stream))
    stored = seldom(core, db, _stored_bytes)
    yield GaugeMetricFamily("stored_bytes", "Of segments that are not erased.", stored)
    signed_in = seldom(core, db, _sign_ins)
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


def _sessions(db: Db) -> dict[str, int]:
    return counted(db, select(SessionRow.state, func.count()).group_by(SessionRow.state))


def _stored_bytes(db: Db) -> int:
    """Sealed, of all units that are not erased."""
    total = select(func.sum(SegmentRow.ct_len)).join(UnitRow, UnitRow.id == SegmentRow.unit_id)
    return int(db.scalar(total.where(UnitRow.state != UnitState.ERASED.value)) or 0)


def _sign_ins(db: Db) -> int:
    return _count(db, EntryRow.number, EntryRow.action == Action.LOGIN_BEGIN.value)


def unreviewed_due_soon(db: Db, now: datetime) -> int:
    """How many sessions have a recorded stream that goes within DUE_SOON, and no decision."""
    soon = SummaryRow.held.is_(False), SummaryRow.due_at <= now + DUE_SOON
    unreviewed = SummaryRow.began.is_(True), SummaryRow.stage == Stage.UNDECIDED.value
    return _count(db, SummaryRow.session_id, *soon, *unreviewed)


def counted(db: Db, query: Select[str, int]) -> dict[str, int]:
    """The number of each value."""
    return dict(db.execute(query).all())


def _by(
    family: GaugeMetricFamily, counts: Mapping[str, int], values: list[SessionState] | list[Stream]
) -> GaugeMetricFamily:
    for value in values:
        family.add_metric([value.value], counts.get(value.value, 0))
    return family


def _count(
    db: Db, column: InstrumentedAttribute[int] | InstrumentedAttribute[str], *where: ColumnElement[bool]
) -> int:
    return db.scalar(select(func.count(column)).where(*where)) or 0
