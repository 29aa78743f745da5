"""The activity and answers logs of a session: which exist, the room left in them, the places of their
entries.

Each is a separate evidence unit. The rows know how many entries there are, never their content.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso, ms_between
from proctoring.errors import Denied, Unavailable, WrongState
from proctoring.recordings.events import (
    EVENTS_PER_LOG_MAX,
    LOG_BYTES_MAX,
    Batch,
    Log,
    placed,
)
from proctoring.recordings.rows import LoggedEventRow, SegmentRow
from proctoring.recordings.timeline import SealedSegmentRef, refs
from proctoring.sessions.model import SessionState
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.canonical import canonical

BATCH_VERSION = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """State of a log as a batch arrives. `known`: those ids of the batch that it holds already."""

    recording: bool
    known: frozenset[str]
    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LogHead:
    """What may be told of a log without opening it."""

    log: Log
    unit_id: str
    state: UnitState
    due_at: datetime
    entries: int


def standing(db: Db, session_id: str, log: Log, ids: Collection[str]) -> Standing:
    """Raises NotFound, and Denied when the exam keeps no such log. Raises Unavailable until the first frame
    has begun the session's time line, WrongState once the log is closed."""
    session = session_row(db, session_id)
    unit = _unit(db, session_id, log)
    if unit is None and session.state != SessionState.INVITED.value:
        raise Denied(f"This exam keeps no {log.value} log.", "Send only what the exam's notice speaks of.")
    if unit is not None and unit.state != UnitState.OPEN.value:
        raise closed()
    if unit is None or session.started_at is None:
        raise Unavailable("The recording has not begun yet.", "Keep these events and send them again.")
    mine = LoggedEventRow.unit_id == unit.id
    known = db.scalars(select(LoggedEventRow.event_id).where(mine, LoggedEventRow.event_id.in_(ids)))
    return Standing(
        session.state == SessionState.RECORDING.value,
        frozenset(known),
        db.scalar(select(func.count()).where(mine)) or 0,
        db.scalar(select(func.sum(SegmentRow.ct_len)).where(SegmentRow.unit_id == unit.id)) or 0,
    )


def demand_room(stands: Standing, events: int, size: int) -> None:
    """Raises WrongState when so many more events, of so many bytes, would be too much for one log."""
    if stands.events + events > EVENTS_PER_LOG_MAX or stands.bytes + size > LOG_BYTES_MAX:
        raise WrongState(
            f"The log is full: it holds {stands.events} events.",
            f"A log holds {EVENTS_PER_LOG_MAX} events and {LOG_BYTES_MAX} bytes at most; send no more.",
        )


def closed() -> WrongState:
    """Of a log to which nothing can be added any more."""
    return WrongState("The session is over; its logs are closed.", "Send nothing more.")


def remember(db: Db, unit_id: str, event_ids: Collection[str]) -> None:
    """Note that the log holds these events. The caller has registered their leaf, and so locked the unit."""
    mine = LoggedEventRow.unit_id == unit_id, LoggedEventRow.event_id.in_(event_ids)
    known = set(db.scalars(select(LoggedEventRow.event_id).where(*mine))) if event_ids else set()
    db.add_all(LoggedEventRow(unit_id=unit_id, event_id=one) for one in event_ids if one not in known)


def heads(db: Db, session_id: str) -> list[LogHead]:
    """The session's logs, activity first."""
    entries = (
        select(func.count()).where(LoggedEventRow.unit_id == UnitRow.id).correlate(UnitRow).scalar_subquery()
    )
    names = [log.value for log in Log]
    query = select(UnitRow, entries).where(UnitRow.session_id == session_id, UnitRow.kind.in_(names))
    return [
        LogHead(Log(unit.kind), unit.id, UnitState(unit.state), unit.due_at, count)
        for unit, count in db.execute(query.order_by(UnitRow.kind))
    ]


def sealed(db: Db, session_id: str, log: Log, after: int = -1) -> list[SealedSegmentRef]:
    """Places of the log's batches after this one, in the order of the manifest. Raises NotFound, also when it
    was erased."""
    return refs(db, session_id, log.kind, after)


def encode(batch: Batch, ids: Collection[str], received: datetime) -> bytes:
    """The unsealed object of a batch: those of its events that `ids` names (`docs/formats/segment.md`)."""
    events = [
        event.model_dump(mode="json", exclude_defaults=True)
        | {"at": iso(event.at), "placed_at": iso(placed(event.at, batch.sent_at, received))}
        for event in batch.events
        if str(event.id) in ids
    ]
    body = {
        "v": BATCH_VERSION,
        "log": batch.log,
        "sent_at": iso(batch.sent_at),
        "received_at": iso(received),
        "events": events,
    }
    return canonical(body)


def entries(objects: Iterable[bytes], started_at: datetime) -> list[dict[str, Any]]:
    """The log's entries in the order of the time line, each once: of two with the same id the first one
    stored counts. `ms` is since session start."""
    found: dict[str, dict[str, Any]] = {}
    for data in objects:
        body = json.loads(data)
        for event in body["events"]:
            ms = max(0, ms_between(started_at, datetime.fromisoformat(event["placed_at"])))
            found.setdefault(event["id"], event | {"ms": ms, "received_at": body["received_at"]})
    return sorted(found.values(), key=lambda entry: entry["ms"])


def _unit(db: Db, session_id: str, log: Log) -> UnitRow | None:
    return db.scalar(select(UnitRow).where(UnitRow.session_id == session_id, UnitRow.kind == log.value))
