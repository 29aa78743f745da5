"""Part of a session's summary that follows from its own row."""

from sqlalchemy import and_, select

from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part

_RECORDED = (SessionState.RECORDING.value, SessionState.ENDED.value)
_MINE = SessionRow.id == SummaryRow.session_id

LIFE = Part(
    {
        "began": select(and_(SessionRow.state.in_(_RECORDED), SessionRow.started_at.is_not(None)))
        .where(_MINE)
        .scalar_subquery(),
        "recording": select(SessionRow.state == SessionState.RECORDING.value).where(_MINE).scalar_subquery(),
    }
)
