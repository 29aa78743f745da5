"""Findings of the job: each alarms once, in log, ledger and metric, and degrades `/readyz` until it is
gone."""

from collections.abc import Collection, Iterable

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.proofs.model import Disagreement
from proctoring.proofs.rows import FindingRow

HOUSE = "-"
"""Stands for the session of a finding that is about none."""

log = structlog.get_logger()


def open_findings(db: Db) -> int:
    """How many columns are not what the ledger tells, as far as the job has seen."""
    return db.scalar(select(func.count()).select_from(FindingRow).where(FindingRow.gone_at.is_(None))) or 0


def disputed_sessions(db: Db) -> list[str]:
    """Sessions with an open finding."""
    query = select(FindingRow.session_id).where(FindingRow.gone_at.is_(None), FindingRow.session_id != HOUSE)
    return sorted(db.scalars(query.distinct()))


def record(db: Db, core: Core, looked: Collection[str], found: Iterable[tuple[str, Disagreement]]) -> int:
    """`found` is all that is at fault in the sessions that were `looked` at; how many of it are new. What
    was at fault there before and is no more is noted as gone."""
    now, new = core.clock(), 0
    seen = {(one.table, one.row, one.column): (session_id, one) for session_id, one in found}
    for key, (session_id, one) in sorted(seen.items()):
        row = db.get(FindingRow, key)
        if row is not None and row.gone_at is None:
            continue
        db.merge(
            FindingRow(
                subject=one.table,
                row=one.row,
                column=one.column,
                code=one.code,
                session_id=session_id,
                entry=one.number,
                found_at=now,
                gone_at=None,
            )
        )
        log.error("ledger.disagrees", code=one.code, table=one.table, row=one.row, column=one.column)
        about = None if session_id == HOUSE else session_id
        words = {"code": one.code, "table": one.table, "row": one.row, "column": one.column}
        enter(db, now, SYSTEM, Action.AUDIT_FINDING, about, None, **words)
        new += 1
    before = select(FindingRow).where(FindingRow.session_id.in_(looked), FindingRow.gone_at.is_(None))
    for row in db.scalars(before).all():
        if (row.subject, row.row, row.column) not in seen:
            row.gone_at = now
    return new
