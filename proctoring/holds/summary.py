"""Part of a session's summary that follows from the holds on it."""

from sqlalchemy import exists

from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow
from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part

_IN_FORCE = (
    HoldRow.session_id == SummaryRow.session_id,
    HoldRow.kind == HoldKind.RESTRICTION.value,
    HoldRow.released_at.is_(None),
)

RESTRICTION = Part({"restricted": exists().where(*_IN_FORCE)})
