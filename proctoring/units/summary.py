"""Part of a session's summary that follows from its evidence units: until when its footage is kept."""

from sqlalchemy import func, select

from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part
from proctoring.units.model import LIVING_VALUES, STREAM_VALUES
from proctoring.units.rows import UnitRow

_LIVING = (
    UnitRow.session_id == SummaryRow.session_id,
    UnitRow.state.in_(LIVING_VALUES),
    UnitRow.kind.in_(STREAM_VALUES),
)
_HOLDS = func.coalesce(func.max(UnitRow.active_holds), 0)

FOOTAGE = Part(
    {
        "due_at": select(func.min(UnitRow.due_at)).where(*_LIVING).scalar_subquery(),
        "held": select(func.coalesce(func.max(UnitRow.active_holds), 0) > 0)
        .where(*_LIVING)
        .scalar_subquery(),
    }
)
