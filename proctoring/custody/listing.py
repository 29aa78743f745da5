"""Entries of the ledger as a person looks for them: newest first, a page at a time, never the whole."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, Entry
from proctoring.custody.rows import EntryRow

APART_MAX = timedelta(hours=1)
"""An entry is dated by its act, and numbered as its transaction commits: so far apart at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries: each field that is given narrows them. `since` is within, `until` is not."""

    action: Action | None = None
    actor: str | None = None
    session_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`entries` newest first; `before` asks for the next page, and is None on the last."""

    entries: list[Entry]
    before: int | None


def page(db: Db, asked: Asked, before: int | None, limit: int) -> Page:
    """The newest `limit` entries below number `before`, of those asked for."""
    query = select(EntryRow)
    if asked.action is not None:
        query = query.where(EntryRow.action == asked.action.value)
    if asked.actor is not None:
        query = query.where(EntryRow.actor == asked.actor)
    if asked.session_id is not None:
        query = query.where(EntryRow.session_id == asked.session_id)
    if before is not None:
        query = query.where(EntryRow.number < before)
    query = _of_time(db, query, asked)
    found = list(db.scalars(query.order_by(EntryRow.number.desc()).limit(limit + 1)))
    shown = [row.model() for row in found[:limit]]
    return Page(shown, shown[-1].number if len(found) > limit else None)


def _of_time(db: Db, query: Select[EntryRow], asked: Asked) -> Select[EntryRow]:
    """Narrowed to its time. Its ends are looked up by number first, so that nothing beyond them is read."""
    if asked.since is not None:
        first = select(EntryRow.number).where(EntryRow.at >= asked.since - APART_MAX)
        number = db.scalar(first.order_by(EntryRow.at).limit(1))
        low = EntryRow.number >= (number or 0)
        query = query.where(EntryRow.at >= asked.since, *([] if number is None else [low]))
    if asked.until is not None:
        last = select(EntryRow.number).where(EntryRow.at < asked.until + APART_MAX)
        number = db.scalar(last.order_by(EntryRow.at.desc()).limit(1))
        query = query.where(EntryRow.at < asked.until, EntryRow.number <= (number or 0))
    return query
