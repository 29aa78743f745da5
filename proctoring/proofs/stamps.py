"""Time-stamps of the ledger's checkpoints: a third party's word on when they existed, where one is set.

The job that signs checkpoints asks for them, outside any transaction. An unreachable authority delays
nothing: it is logged and counted, and the next round asks again.
"""

import base64
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import load_only

from proctoring.core import Core
from proctoring.custody.rows import CheckpointRow, StampRow, StampStateRow
from proctoring.proofs.checkpoints import last
from proctoring.tolerant import as_it_stands
from storage.errors import Refused, TimestampFailed
from storage.proofs.checkpoint import LEDGER_ORIGIN
from storage.proofs.timestamp import TimestampAuthority, stamped_at

STAMP_INTERVAL = timedelta(minutes=10)
"""How often a time-stamp is asked for at most: a checkpoint covers all that came before it."""
TIME_QUESTION = "proctoring/time\n"
STATE_ID = 1

log = structlog.get_logger()


class Stamps:
    """The newest ledger checkpoint gets a time-stamp when the last one is old enough."""

    def __init__(self, core: Core, authority: TimestampAuthority) -> None:
        self._core = core
        self._authority = authority

    def run(self) -> bool:
        """Whether a time-stamp was added."""
        with self._core.db.read() as db:
            wanted = self._wanted(db)
        if wanted is None:
            return False
        try:
            answer = self._authority.stamp(wanted.note)
        except TimestampFailed as error:
            log.warning("timestamp.failed", size=wanted.size, error=str(error))
            with self._core.db.begin() as db:
                row = update(StampStateRow).where(StampStateRow.id == STATE_ID)
                db.execute(row.values(failures=StampStateRow.failures + 1))
            return False
        stamp = base64.b64encode(answer).decode()
        with self._core.db.begin() as db:
            try:
                with db.begin_nested():
                    db.add(StampRow(size=wanted.size, answer=stamp, added_at=self._core.clock()))
            except IntegrityError:
                log.info("timestamp.added_before", size=wanted.size)
                return False
        log.info("timestamp.added", size=wanted.size)
        return True

    def _wanted(self, db: Db) -> CheckpointRow | None:
        newest, stamped = last(db, LEDGER_ORIGIN), newest_stamp(db)
        if newest is None or stamped is None:
            return newest
        at = db.scalar(
            select(as_it_stands(StampRow.__table__.c.added_at)).where(StampRow.size == stamped.size)
        )
        due = not isinstance(at, datetime) or self._core.clock() - at >= STAMP_INTERVAL
        return newest if due and newest.size > stamped.size else None


def ask_time(authority: TimestampAuthority) -> datetime | None:
    """The present instant by the authority's answer to a question of now (its nonce is new); None when it
    gives none."""
    try:
        return stamped_at(authority.stamp(TIME_QUESTION)).astimezone(UTC)
    except (TimestampFailed, Refused) as error:
        log.warning("timestamp.no_time", error=str(error))
        return None


def newest_stamp(db: Db) -> StampRow | None:
    """The time-stamp of the longest ledger that has one."""
    newest = select(StampRow).options(load_only(StampRow.answer))
    return db.scalar(newest.order_by(StampRow.size.desc()).limit(1))


def first_covering(db: Db, number: int) -> StampRow | None:
    """The earliest time-stamp of a ledger that held entry `number`; the newest where none did yet."""
    covering = select(StampRow).where(StampRow.size >= number).order_by(StampRow.size).limit(1)
    return db.scalar(covering) or newest_stamp(db)


def failures(db: Db) -> int:
    """How often the authority gave no time-stamp, since ever."""
    failed = db.scalar(select(as_it_stands(StampStateRow.__table__.c.failures)))
    return failed if isinstance(failed, int) else 0
