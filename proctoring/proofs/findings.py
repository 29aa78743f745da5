"""Findings of the job: each alarms once, in log, ledger and metric, and degrades `/readyz` until it is gone.

An edit of every row makes as many findings. Of a pass, TOLD_A_PASS are reported one by one, the rest as a
number.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.proofs.model import Disagreement
from proctoring.proofs.rows import FindingRow

HOUSE = "-"
"""Stands for the session of a finding that is about none."""

TOLD_A_PASS = 100
"""Entries of the ledger that one pass makes for findings, but for one that counts the rest."""
_PRIMARY = tuple_(FindingRow.subject, FindingRow.row, FindingRow.column)

log = structlog.get_logger()


def open_findings(db: Db) -> int:
    """How many columns are not what the ledger tells, as far as the job has seen."""
    return db.scalar(select(func.count()).select_from(FindingRow).where(FindingRow.gone_at.is_(None))) or 0


def disputed_sessions(db: Db) -> list[str]:
    """Sessions with an open finding."""
    query = select(FindingRow.session_id).where(FindingRow.gone_at.is_(None), FindingRow.session_id != HOUSE)
    return sorted(db.scalars(query.distinct()))


@dataclass(slots=True)
class Telling:
    """How many findings of a pass are entered one by one in log and ledger, and how many are only counted."""

    left: int = TOLD_A_PASS
    counted: int = 0


def record(
    db: Db, core: Core, looked: Collection[str], found: Iterable[tuple[str, Disagreement]], telling: Telling
) -> int:
    """`found` is all that is at fault in the sessions that were `looked` at; how many of it are new. What
    was at fault there before and is no more is noted as gone."""
    now, new = core.clock(), 0
    seen = {(one.table, one.row, one.column): (session_id, one) for session_id, one in found}
    standing = _standing(db, looked)
    for key, (session_id, one) in sorted(seen.items()):
        if key in standing:
            continue
        _keep(db, now, session_id, one)
        _tell(db, now, session_id, one, telling)
        new += 1
    for key in standing - seen.keys():
        db.execute(update(FindingRow).where(_PRIMARY.in_([key])).values(gone_at=now))
    return new


def tell_counted(db: Db, core: Core, telling: Telling) -> None:
    """One entry for all that were not told one by one; see `replay_findings` for which they are."""
    if telling.counted:
        log.error("ledger.disagrees_more", findings=telling.counted)
        enter(db, core.clock, SYSTEM, Action.AUDIT_FINDING, more=telling.counted)


def _standing(db: Db, looked: Collection[str]) -> set[tuple[str, str, str]]:
    mine = FindingRow.session_id.in_(looked), FindingRow.gone_at.is_(None)
    rows = db.execute(select(FindingRow.subject, FindingRow.row, FindingRow.column).where(*mine))
    return {(row.subject, row.row, row.column) for row in rows}


def _keep(db: Db, now: datetime, session_id: str, one: Disagreement) -> None:
    held = {"code": one.code, "session_id": session_id, "entry": one.number, "found_at": now, "gone_at": None}
    key = {"subject": one.table, "row": one.row, "column": one.column}
    again = update(FindingRow).where(_PRIMARY.in_([tuple(key.values())])).values(**held)
    if db.scalar(again.returning(FindingRow.subject)) is None:
        db.execute(insert(FindingRow).values(**key, **held))


def _tell(db: Db, now: datetime, session_id: str, one: Disagreement, telling: Telling) -> None:
    if not telling.left:
        telling.counted += 1
        return
    telling.left -= 1
    words = {"code": one.code, "table": one.table, "row": one.row, "column": one.column}
    log.error("ledger.disagrees", **words)
    about = None if session_id == HOUSE else session_id
    enter(db, now, SYSTEM, Action.AUDIT_FINDING, about, unit_id=None, **words)
