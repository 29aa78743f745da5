"""An incident: a human decision with reasons. It holds the evidence at once and counts when a second person
agrees.

    state            agree       disagree        close     appeal upheld   amended by an appeal
    awaiting-second  confirmed   awaiting-third  –         –               –
    awaiting-third   confirmed   rejected        –         –               –
    confirmed        –           –               closed    annulled        confirmed
    closed           –           –               –         annulled        closed
    rejected         –           –               –         –               –
    annulled         –           –               –         –               –

Each person who decides or answers has looked at what the decision names. The second person is any of the
other reviewers, the third likewise; none is chosen. After the third's no it is "no concern", for good.
Rejecting ends the hold; so do closing and annulling. Confirmed and closed incidents count against the
candidate, from `notified_at` on.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.errors import Denied, Invalid, WrongState
from proctoring.flags.model import Category, Severity


class IncidentState(StrEnum):
    AWAITING_SECOND = "awaiting-second"
    AWAITING_THIRD = "awaiting-third"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CLOSED = "closed"
    ANNULLED = "annulled"


AWAITING = (IncidentState.AWAITING_SECOND, IncidentState.AWAITING_THIRD)
OPEN = (*AWAITING, IncidentState.CONFIRMED)
"""Their hold is in force."""
STANDING = (IncidentState.CONFIRMED, IncidentState.CLOSED)
NOTIFIED_AFTER = timedelta(days=1)
"""From when on a decision that was put on the candidate's page counts as told to them.

Always this: the service sends no mail yet, and a page that was opened is not counted. A GET of the page may
be a link preview's, and capture, which serves it, may change no incident (`migrations.rights`). Whoever reads
the page at once has up to a day more to appeal; nobody has less.
"""


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
    second_reasons: str | None
    third_by: str | None
    third_at: datetime | None

    @property
    def settles(self) -> bool:
        """Whether a third person has said that it is none: nobody decides about the session again."""
        return self.state is IncidentState.REJECTED and self.third_by is not None

    @property
    def agreed_at(self) -> datetime | None:
        """When a person agreed, if one did."""
        return self.third_at or self.second_at

    @property
    def said(self) -> frozenset[str]:
        """Who decided or answered: none of them answers again."""
        return frozenset({self.decided_by, self.second_by, self.third_by} - {None})  # type: ignore[arg-type]


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


def after_answer(state: IncidentState, agrees: bool) -> IncidentState:
    """The state that follows. Raises WrongState when nobody is waited for."""
    if state not in AWAITING:
        raise WrongState("This incident was answered already.", "Load the page again.")
    if agrees:
        return IncidentState.CONFIRMED
    return IncidentState.REJECTED if state is IncidentState.AWAITING_THIRD else IncidentState.AWAITING_THIRD


def check_another(said: Collection[str], person: str) -> None:
    """Raises Denied when one person would decide twice."""
    if person in said:
        raise Denied("You decided about this incident yourself.", "Another reviewer must.")


def check_looked(named: Iterable[str], seen: Collection[str]) -> None:
    """Raises Denied unless the person has looked at each stream that the decision names. `seen`: streams of
    which the ledger has a view of theirs."""
    unseen = [stream for stream in named if stream not in seen]
    if unseen:
        raise Denied(
            f"You have not looked at {' and '.join(unseen)}.",
            "Play what the decision is about on the session's page, then decide.",
        )


def check_chosen(category: Category | None, severity: Severity | None) -> tuple[Category, Severity]:
    """Kind and severity as a person chose them; no default replaces a missing choice. Raises Invalid."""
    if category is None or severity is None:
        raise Invalid("An incident has a kind and a severity.", "Choose both.")
    return category, severity
