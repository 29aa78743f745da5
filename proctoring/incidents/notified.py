"""Instants at which candidates learned of incidents that count: their time to appeal runs from then."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.incidents.model import STANDING
from proctoring.incidents.rows import IncidentRow
from proctoring.sessions.rows import SessionRow

NOTIFIED_AT = (
    select(func.max(IncidentRow.notified_at))
    .where(
        IncidentRow.session_id == SessionRow.id, IncidentRow.state.in_([state.value for state in STANDING])
    )
    .correlate(SessionRow)
    .scalar_subquery()
)
"""Of a session in a query: when its candidate was told of the newest incident that counts."""


def notified_at(db: Db, session_id: str) -> datetime | None:
    """NOTIFIED_AT of one session."""
    return db.scalar(select(NOTIFIED_AT).where(SessionRow.id == session_id))
