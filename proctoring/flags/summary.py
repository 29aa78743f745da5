"""Part of a session's summary that follows from its flags."""

from sqlalchemy import func, select

from proctoring.flags.model import FlagState
from proctoring.flags.rows import FlagRow
from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part

_OPEN = FlagRow.session_id == SummaryRow.session_id, FlagRow.state == FlagState.OPEN.value

FLAGS = Part({"open_flags": select(func.count()).select_from(FlagRow).where(*_OPEN).scalar_subquery()})
