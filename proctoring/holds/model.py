"""The arithmetic of retention: when evidence is due, and what may keep it longer.

Nothing here reads a clock or a table. Days are civil days of the regulation's zone, so a period that
crosses the change of daylight-saving time ends at local midnight all the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from proctoring.errors import Conflict, Denied, Invalid
from proctoring.exams.model import CountFrom, Regulation
from proctoring.text import line, prose

REASON_CHARS_MIN = 3
REASON_CHARS_MAX = 2000
OWNER_CHARS_MAX = 80
REVIEW_DAYS_DEFAULT = 60
REVIEW_DAYS_MAX = 3650


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


def due_at(
    regulation: Regulation,
    ended_at: datetime,
    results_published_at: datetime | None,
    notified_at: datetime | None = None,
) -> datetime:
    """The instant (UTC) from which unheld evidence must go, and from which no appeal is in time any more:
    midnight after the last day of the period.

    Counted from publication of the results, or from the exam's end where the regulation says so; with
    no results yet, the regulation's maximum after the exam's end. Never null. Results published before
    the session ended count from its end. `notified_at`: when the candidate was told of the newest incident
    that counts; the period runs from then where that ends later.
    """
    due = _counted(regulation, ended_at, results_published_at)
    if notified_at is None:
        return due
    return max(due, _midnight_after(notified_at, regulation.objection_days, regulation.zone))


def _counted(regulation: Regulation, ended_at: datetime, results_published_at: datetime | None) -> datetime:
    if regulation.count_from is CountFrom.EXAM_END:
        return _midnight_after(ended_at, regulation.objection_days, regulation.zone)
    if results_published_at is None:
        return _midnight_after(ended_at, regulation.max_days_without_results, regulation.zone)
    return _midnight_after(max(ended_at, results_published_at), regulation.objection_days, regulation.zone)


def identity_due_at(due: datetime, confirmed_at: datetime | None, zone: str) -> datetime:
    """When an unheld copy of an identity card must go: at the end of the day on which a person confirmed who
    sat the exam, and with the footage (`due`) at the latest."""
    return due if confirmed_at is None else min(due, _midnight_after(confirmed_at, 0, zone))


def _midnight_after(instant: datetime, days: int, zone: str) -> datetime:
    last_day: date = instant.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    midnight = datetime.combine(last_day + timedelta(days=1), time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC)


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


def check_not_restricted(holds: Iterable[Hold]) -> None:
    """Raises Denied while the candidate's restriction (GDPR Article 18) stands: the recording is kept, and
    nobody sees it, speaks of it or decides about it. `holds`: those of the session that are not released."""
    if any(hold.kind is HoldKind.RESTRICTION for hold in holds):
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
