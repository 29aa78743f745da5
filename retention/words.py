"""The end of what people wrote, and of exam records: what went with no footage, or stayed for a decision.

Words that go with the footage go in the transaction that destroys its key (`retention.erase`). Here go the
others, and whatever was written after, or came back with a restored backup.
"""

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.proofs.check import House, check_sessions, read_house
from proctoring.records import service as records

log = structlog.get_logger()


def end_words(core: Core, now: datetime, actor: Actor) -> int:
    """Make the records that are missing; erase what people wrote, and records, where they are to go as of
    `now`. How many texts went. A session whose rows are not what the ledger tells is left as it is."""
    core.db.transact(lambda db: records.make_records(db, core, actor))
    with core.db.read() as db:
        due = records.due(db, now)
        house = read_house(db) if due else None
    gone = 0
    for session_id in due:
        assert house is not None
        gone += core.db.transact(partial(_erase, core, house, session_id, now, actor))
    if due:
        core.db.forget_deleted()
    if gone:
        log.info("words.erased", texts=gone)
    return gone


def _erase(core: Core, house: House, session_id: str, now: datetime, actor: Actor, db: Db) -> int:
    for checked in check_sessions(db, house, [session_id]):
        if checked.compared.faults:
            log.error("words.disputed", session=session_id, fault=str(checked.compared.faults[0]))
            return 0
    return records.erase_words(db, core, actor, session_id, now)
