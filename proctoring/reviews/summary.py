"""Part of a session's summary that follows from its review."""

from sqlalchemy import case, func, select

from proctoring.reviews.model import ReviewState
from proctoring.reviews.rows import ReviewRow
from proctoring.summaries.model import Stage
from proctoring.summaries.rows import SummaryRow
from proctoring.summaries.service import Part

_STAGES = {
    ReviewState.TO_REVIEW.value: Stage.UNDECIDED.value,
    ReviewState.IN_REVIEW.value: Stage.UNDECIDED.value,
    ReviewState.SECOND_PERSON.value: Stage.SECOND.value,
    ReviewState.NO_CONCERN.value: Stage.DECIDED.value,
    ReviewState.INCIDENT.value: Stage.DECIDED.value,
    ReviewState.ANNULLED.value: Stage.DECIDED.value,
}
_MINE = ReviewRow.session_id == SummaryRow.session_id
_CLAIMED = ReviewRow.state == ReviewState.IN_REVIEW.value
_UNTOUCHED = ReviewState.TO_REVIEW.value  # of a session that nobody has touched there is no row
_STATE = func.coalesce(select(ReviewRow.state).where(_MINE).scalar_subquery(), _UNTOUCHED)

REVIEW = Part(
    {
        "stage": case(_STAGES, value=_STATE, else_=Stage.UNDECIDED.value),
        "free": _STATE.in_([_UNTOUCHED]),
        "claimed_by": select(ReviewRow.claimed_by).where(_MINE, _CLAIMED).scalar_subquery(),
    }
)
