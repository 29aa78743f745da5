"""The end of what people wrote, and of exam records: what went with no footage, or stayed for a decision.

Words that go with the footage go in the transaction that destroys its key (`retention.erase`). Here go the
others, and whatever was written after, or came back with a restored backup.
"""

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.apart import failed_apart
from proctoring.custody.model import Actor
from proctoring.proofs.check import House, check_sessions, read_house
from proctoring.records import service as records
from retention.guard import Disputed, Guard

log = structlog.get_logger()


def end_words(core: Core, guard: Guard, now: datetime, actor: Actor) -> int:
    """Make the records that are missing; erase what people wrote, and records, where they are to go as of
    `now`. How many texts went. A session whose rows are not what the ledger tells is left as it is, and
    stopped where they cannot be read."""
    for session_id in core.db.transact(partial(_make_records, core, actor)):
        guard.stop(guard.unreadable(session_id))
    with core.db.read() as db:
        due = records.due(db, now)
        house = read_house(db) if due else None
    gone = 0
    for session_id in due:
        assert house is not None
        try:
            with guard.reading(session_id):
                gone += core.db.transact(partial(_erase, core, house, session_id, now, actor))
        except Disputed as disputed:
            guard.stop(disputed)
    if due:
        core.db.forget_deleted()
    if gone:
        log.info("words.erased", texts=gone)
    return gone


def _make_records(core: Core, actor: Actor, db: Db) -> list[str]:
    """Sessions of which none could be made."""
    records.make_records(db, core, actor)
    return sorted(failed_apart(db))


def _erase(core: Core, house: House, session_id: str, now: datetime, actor: Actor, db: Db) -> int:
    for checked in check_sessions(db, house, [session_id]):
        if checked.compared.faults:
            log.error("words.disputed", session=session_id, fault=str(checked.compared.faults[0]))
            return 0
    return records.erase_words(db, core, actor, session_id, now)
