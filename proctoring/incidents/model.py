"""An incident: a human decision with reasons. It holds the evidence at once and counts when a second
person agrees.

    state            agree       disagree    close
    awaiting-second  confirmed   rejected    –
    confirmed        –           –           closed
    rejected, closed –           –           –

Rejecting ends the hold; so does closing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.errors import Denied
from proctoring.reviews.model import Category, Severity


class IncidentState(StrEnum):
    AWAITING_SECOND = "awaiting-second"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Incident:
    id: str
    session_id: str
    category: Category
    severity: Severity
    reasons: str
    state: IncidentState
    decided_by: str
    decided_at: datetime
    second_by: str | None
    second_at: datetime | None
    hold_id: str


def check_second(decided_by: str, second: str) -> None:
    """Raises Denied when one person would decide twice."""
    if decided_by == second:
        raise Denied("You decided this incident yourself.", "A second reviewer must agree or not.")
