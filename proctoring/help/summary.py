"""Part of a session's summary that follows from the candidate's requests."""

from sqlalchemy import func, select

from proctoring.help.rows import HelpRow
from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part

_UNANSWERED = HelpRow.answer.is_(None), HelpRow.ended_at.is_(None)
_MINE = HelpRow.session_id == SummaryRow.session_id

CALLS = Part(
    {"calls": select(func.count()).select_from(HelpRow).where(_MINE, *_UNANSWERED).scalar_subquery()}
)
