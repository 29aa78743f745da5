"""An appeal: the candidate's objection. It holds the evidence from the instant it is lodged.

    state    close
    lodged   closed
    closed   –

The answer to an appeal changes the incident that it is against:

    outcome    incident
    upheld     annulled
    amended    another category or severity
    refused    unchanged
    withdrawn  unchanged
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.clock import iso
from proctoring.custody.model import Action
from proctoring.errors import Conflict, Denied, Invalid
from proctoring.incidents.model import Amendment


class AppealState(StrEnum):
    LODGED = "lodged"
    CLOSED = "closed"


class AppealOutcome(StrEnum):
    UPHELD = "upheld"  # the candidate was right
    AMENDED = "amended"  # in part
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Appeal:
    """`incident_id`: the decision that it is against; None where no incident counted when it was lodged."""

    id: str
    session_id: str
    grounds: str
    state: AppealState
    lodged_at: datetime
    hold_id: str
    outcome: AppealOutcome | None
    answer: str | None
    closed_by: str | None
    closed_at: datetime | None
    incident_id: str | None


REVIEWING = frozenset(
    {
        Action.REVIEW_CLAIM,
        Action.REVIEW_DECIDE,
        Action.FLAG_DECIDE,
        Action.INCIDENT_DECIDE,
        Action.INCIDENT_CONFIRM,
        Action.INCIDENT_DISSENT,
        Action.INCIDENT_REJECT,
        Action.INCIDENT_CLOSE,
    }
)
"""Whoever did one of these about a session is out of its appeal."""


def check_impartial(took_part: bool) -> None:
    """Raises Denied to a member who reviewed or seconded what is appealed against."""
    if took_part:
        raise Denied("You took part in the review of this session.", "Another member answers its appeal.")


def refusal(
    before: Iterable[Appeal], incident_id: str | None, until: datetime, now: datetime
) -> Conflict | None:
    """Why no appeal against this decision may be lodged `now`; None where it may.

    One at a time, and one in all: no regulation of ours knows a further instance. In time is before `until`,
    whatever still holds the evidence. `before`: all appeals of the session.
    """
    same = [appeal for appeal in before if appeal.incident_id == incident_id]
    if any(appeal.state is AppealState.LODGED for appeal in same):
        return Conflict("Your appeal is lodged already.", "You will have an answer to it.", "appeal-lodged")
    if same:
        return Conflict(
            "Your appeal against this decision was answered.",
            "The answer is on your recording's page. You can still go to court.",
            "appeal-answered",
        )
    if now >= until:
        return Conflict(
            f"The time to appeal ended at {iso(until)}.",
            "Write to the exam body if you could not appeal in time, or go to court.",
            "appeal-late",
            until=until,
        )
    return None


def check_answer(outcome: AppealOutcome, incident_id: str | None, amendment: Amendment | None) -> None:
    """Raises Invalid for an amendment of nothing or to nothing, and for an amendment with another outcome."""
    if outcome is not AppealOutcome.AMENDED:
        if amendment is not None:
            raise Invalid("Only an amended decision gets another kind.", "Choose that outcome, or no kind.")
    elif incident_id is None:
        raise Invalid("There is no decision to amend.", "Choose another outcome.")
    elif amendment is None:
        raise Invalid("An amended decision needs its new kind and severity.", "Choose both.")
