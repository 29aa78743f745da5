"""The end of what people wrote, and of exam records: what went with no footage, or stayed for a decision.

Words that go with the footage go in the transaction that destroys its key (`retention.erase`). Here go the
others, and whatever was written after, or came back with a restored backup.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.apart import failed_apart
from proctoring.custody.model import Actor
from proctoring.proofs.check import House, check_sessions, read_house
from proctoring.records import service as records
from proctoring.sessions.rows import SessionRow
from retention.guard import Disputed, Guard

SESSIONS_A_PASS = 500
"""Of the round over all sessions, however many there are."""
RECORDS_AT_ONCE = 50

log = structlog.get_logger()


class Words:
    """Of one worker: it remembers where its round goes on.

    A session that has just ended, or whose record has, is met by its date. A round over all sessions, some in
    each pass, meets what was written after the erasure or came back.
    """

    def __init__(self, core: Core, guard: Guard) -> None:
        self._core = core
        self._guard = guard
        self._after = core.new_id()  # anywhere: a worker that is often started anew misses none

    def end(self, now: datetime, actor: Actor) -> int:
        """Make the records that are missing; erase what people wrote, and records, where they are to go as of
        `now`. How many texts went. A session whose rows are not what the ledger tells is left as it is, and
        stopped where they cannot be read."""
        core = self._core
        with core.db.read() as db:
            met = self._next(db)
            lacking = records.lacking(db, core.clock(), met)
        for first in range(0, len(lacking), RECORDS_AT_ONCE):
            some = lacking[first : first + RECORDS_AT_ONCE]
            for session_id in core.db.transact(partial(_make_records, core, actor, some)):
                self._guard.stop(self._guard.unreadable(session_id))
        with core.db.read() as db:
            due = records.due(db, now, {*met, *lacking, *records.ended_records(db, now)})
            house = read_house(db) if due else None
        gone = 0
        for session_id in due:
            assert house is not None
            try:
                with self._guard.reading(session_id):
                    gone += core.db.transact(
                        partial(_erase, core, house, session_id=session_id, now=now, actor=actor)
                    )
            except Disputed as disputed:
                self._guard.stop(disputed)
        if due:
            core.db.forget_deleted()
        if gone:
            log.info("words.erased", texts=gone)
        return gone

    def _next(self, db: Db) -> list[str]:
        """The next sessions of the round; the first follow the last."""
        ordered = select(SessionRow.id).order_by(SessionRow.id)
        found = list(db.scalars(ordered.where(SessionRow.id > self._after).limit(SESSIONS_A_PASS)))
        if len(found) < SESSIONS_A_PASS:
            first = ordered.where(SessionRow.id <= self._after)
            found += db.scalars(first.limit(SESSIONS_A_PASS - len(found)))
        self._after = found[-1] if found else self._after
        return found


def _make_records(core: Core, actor: Actor, session_ids: Sequence[str], db: Db) -> list[str]:
    """Sessions of which none could be made."""
    records.make_records(db, core, actor, session_ids)
    return sorted(failed_apart(db))


def _erase(core: Core, house: House, db: Db, *, session_id: str, now: datetime, actor: Actor) -> int:
    for checked in check_sessions(db, house, [session_id]):
        if checked.compared.faults:
            log.error("words.disputed", session=session_id, fault=str(checked.compared.faults[0]))
            return 0
    return records.erase_words(db, core, actor, session_id, now)
