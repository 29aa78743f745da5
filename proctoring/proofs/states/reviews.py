"""Reviews, flags and words about them, as `proctoring.reviews.model` moves them.

Replayed before `incidents`: a rejection asks for the incident's state.
"""

from proctoring.custody.model import Action, Entry
from proctoring.flags.model import FlagState
from proctoring.proofs.model import UNTOLD, Told, given
from proctoring.proofs.states.incidents import awaits_third
from proctoring.reviews.model import UNCLEAR, ReviewState

TABLE, FLAGS = "reviews", "flags"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of its session's review, or of a flag."""
    row, at = entry.session_id, told.at(entry)
    back = {"claimed_by": None, "claimed_at": None, "decided_by": None, "decided_at": None}
    match entry.action:
        case Action.REVIEW_CLAIM:
            claimed = back | {"claimed_by": entry.actor, "claimed_at": at}
            if (TABLE, str(row)) not in told.rows:
                claimed |= {"unclear_by": None, "note": None}
            told.tell(entry, TABLE, row, state=ReviewState.IN_REVIEW.value, **claimed)
        case Action.INCIDENT_REJECT if awaits_third(told, str(entry.detail.get("incident"))):
            state = ReviewState.NO_CONCERN.value
            told.tell(entry, TABLE, row, state=state, decided_by=entry.actor, decided_at=at)
        case Action.REVIEW_RELEASE | Action.INCIDENT_REJECT:
            told.tell(entry, TABLE, row, state=ReviewState.TO_REVIEW.value, **back)
        case Action.REVIEW_DECIDE if entry.detail.get("outcome") == UNCLEAR:
            unclear = {"unclear_by": entry.actor, "note": UNTOLD, **back}
            told.tell(entry, TABLE, row, state=ReviewState.TO_REVIEW.value, **unclear)
        case Action.REVIEW_DECIDE:
            outcome = given(entry, state="outcome")
            told.tell(entry, TABLE, row, decided_by=entry.actor, decided_at=at, **outcome)
        case Action.INCIDENT_DECIDE:
            state = ReviewState.SECOND_PERSON.value
            told.tell(entry, TABLE, row, state=state, decided_by=entry.actor, decided_at=at)
        case Action.INCIDENT_CONFIRM:
            told.tell(entry, TABLE, row, state=ReviewState.INCIDENT.value)
        case Action.INCIDENT_ANNUL:
            told.tell(entry, TABLE, row, state=ReviewState.ANNULLED.value)
        case Action.FLAG_ADD:
            told.tell(
                entry,
                FLAGS,
                str(entry.detail["flag"]),
                session_id=row,
                state=FlagState.OPEN.value,
                raised_by=entry.actor,
                raised_at=at,
                decided_by=None,
                decided_at=None,
                **given(entry, "category", "source"),
            )
        case Action.FLAG_DECIDE:
            flag = str(entry.detail["flag"])
            told.tell(entry, FLAGS, flag, decided_by=entry.actor, decided_at=at, **given(entry, "state"))
