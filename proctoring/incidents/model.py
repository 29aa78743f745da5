"""An incident: a human decision with reasons. It holds the evidence at once and counts when a second
person agrees.

    state            agree       disagree    close     appeal upheld   amended by an appeal
    awaiting-second  confirmed   rejected    –         –               –
    confirmed        –           –           closed    annulled        confirmed
    closed           –           –           –         annulled        closed
    rejected         –           –           –         –               –
    annulled         –           –           –         –               –

Rejecting ends the hold; so do closing and annulling. Confirmed and closed incidents count against the
candidate, from `notified_at` on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.errors import Denied, WrongState
from proctoring.reviews.model import Category, Severity


class IncidentState(StrEnum):
    AWAITING_SECOND = "awaiting-second"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLOSED = "closed"
    ANNULLED = "annulled"


STANDING = (IncidentState.CONFIRMED, IncidentState.CLOSED)
NOTIFIED_AFTER = timedelta(days=1)
"""From when on a decision that was put on the candidate's page counts as told to them."""


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
    notified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an incident is from now on, by an appeal that was upheld in part."""

    category: Category
    severity: Severity


def standing(incidents: Iterable[Incident]) -> Incident | None:
    """The incident that counts: agreed by a second person and not annulled, the newest first in
    `incidents`."""
    return next((incident for incident in incidents if incident.state in STANDING), None)


def check_standing(state: IncidentState) -> None:
    """Raises WrongState unless an appeal may annul or amend the incident."""
    if state not in STANDING:
        raise WrongState(f"The incident is {state.value}: it does not count.", "Load the page again.")


def check_second(decided_by: str, second: str) -> None:
    """Raises Denied when one person would decide twice."""
    if decided_by == second:
        raise Denied("You decided this incident yourself.", "A second reviewer must agree or not.")
