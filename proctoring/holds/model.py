"""Holds: what may keep evidence longer than its due date (`units.due`), and who may end it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.errors import Conflict, Denied, Invalid
from proctoring.text import line, prose

REASON_CHARS_MIN = 3
REASON_CHARS_MAX = 2000
OWNER_CHARS_MAX = 80
REVIEW_DAYS_DEFAULT = 60
REVIEW_DAYS_MAX = 3650
RESTORED = "restored"
"""Owner of a hold that is placed again after a restore, and who releases one again: nobody decided anew."""


class HoldKind(StrEnum):
    INCIDENT = "incident"
    APPEAL = "appeal"
    LEGAL = "legal"
    RESTRICTION = "restriction"


TWO_PERSON_RELEASE = frozenset({HoldKind.INCIDENT, HoldKind.APPEAL})
PLACED_BY_HAND = (HoldKind.LEGAL, HoldKind.RESTRICTION)
"""The others follow from a decision, or from the candidate's appeal."""


class Refusal(StrEnum):
    """Why a hold is not released."""

    OWN = "own"
    INCIDENT_OPEN = "incident-open"
    APPEAL_OPEN = "appeal-open"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why the evidence of a session may not be erased yet."""

    id: str
    session_id: str
    kind: HoldKind
    reason: str
    owner: str
    placed_at: datetime
    review_at: datetime
    released_at: datetime | None
    released_by: str | None


def check_reason(reason: str) -> str:
    """The reason as it is kept (`text.prose`). Raises Invalid when it says nothing or runs on."""
    reason = prose(reason, "the reason")
    if not REASON_CHARS_MIN <= len(reason) <= REASON_CHARS_MAX:
        raise Invalid(
            "A reason is missing or too long.",
            f"Write {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters.",
            "reason-length",
            least=REASON_CHARS_MIN,
            most=REASON_CHARS_MAX,
        )
    return reason


def check_by_hand(kind: HoldKind) -> None:
    """Raises Invalid for a kind of hold that no person places."""
    if kind not in PLACED_BY_HAND:
        raise Invalid(f"A hold of kind {kind.value} follows a decision.", "Choose legal or restriction.")


def check_review(review_at: datetime, now: datetime) -> datetime:
    """When a hold is looked at again. Raises Invalid for a day before today, and beyond REVIEW_DAYS_MAX."""
    if not now - timedelta(days=1) <= review_at <= now + timedelta(days=REVIEW_DAYS_MAX):
        raise Invalid(
            "The hold would be looked at again in the past, or too late.",
            f"Give a day from today on, at most {REVIEW_DAYS_MAX} days ahead.",
        )
    return review_at


def check_owner(owner: str) -> str:
    """Who answers for a hold, as it is kept. Raises Invalid for what `text.line` refuses."""
    return line(owner, "the owner", OWNER_CHARS_MAX)


def check_not_restricted(kinds: Iterable[HoldKind]) -> None:
    """Raises Denied while the candidate's restriction (GDPR Article 18) is in force. The recording is kept;
    nobody may view it, write about it or decide on it. `kinds`: of the session's holds that are not released.
    """
    if HoldKind.RESTRICTION in kinds:
        raise Denied(
            "This recording is restricted at the candidate's request: it is kept and not used.",
            "The privacy officer can release the restriction.",
        )


def release_refusal(
    kind: HoldKind, owner: str, released_by: str, open_procedure: HoldKind | None
) -> Refusal | None:
    """Why this person cannot release the hold, or None. `open_procedure`: INCIDENT or APPEAL while the one
    that placed it is open."""
    if kind in TWO_PERSON_RELEASE and owner == released_by:
        return Refusal.OWN
    if open_procedure is HoldKind.INCIDENT:
        return Refusal.INCIDENT_OPEN
    return Refusal.APPEAL_OPEN if open_procedure is HoldKind.APPEAL else None


def check_release(
    kind: HoldKind, owner: str, released_by: str, open_procedure: HoldKind | None = None
) -> None:
    """Raises Denied when an incident or appeal hold would be released by its own owner, Conflict while the
    procedure that placed it is open."""
    match release_refusal(kind, owner, released_by, open_procedure):
        case Refusal.OWN:
            raise Denied(f"You placed this {kind.value} hold yourself.", "Ask a second person to release it.")
        case Refusal.INCIDENT_OPEN:
            raise Conflict("The incident behind it is not closed.", "Close the incident: it ends the hold.")
        case Refusal.APPEAL_OPEN:
            raise Conflict("The appeal behind it is not answered.", "Answer the appeal; that ends the hold.")
