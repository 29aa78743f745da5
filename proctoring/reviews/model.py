"""The states of a review.

    state         claim        release    no concern  unclear    incident       agreed    third person's no
    to-review     in-review**  –          –           –          –              –         –
    in-review     in-review*   to-review  no-concern  to-review  second-person  –         –
    second-person –            –          –           –          –              incident  no-concern
    no-concern    in-review**  –          –           –          –              –         –
    incident      –            –          –           –          –              –         –
    annulled      –            –          –           –          –              –         –

An appeal that is upheld makes annulled of incident.

* by the same person; another gets Conflict. ** Not by who found it unclear, and not again after a third
person's no.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.errors import Conflict, CoreError, Denied, Invalid, WrongState
from proctoring.flags.model import check_note
from proctoring.sessions.model import OVER, SessionState

UNCLEAR = "unclear"
"""The outcome of a review that settles nothing, in the ledger's words: the session is to be reviewed anew."""


class ReviewState(StrEnum):
    TO_REVIEW = "to-review"
    IN_REVIEW = "in-review"
    SECOND_PERSON = "second-person"
    NO_CONCERN = "no-concern"
    INCIDENT = "incident"
    ANNULLED = "annulled"


UNDECIDED = (ReviewState.TO_REVIEW, ReviewState.IN_REVIEW)
"""Nobody has decided about the session."""


@dataclass(frozen=True, slots=True)
class Review:
    """State of a session's review. `note`: `unclear_by`, who could not settle it, leaves it to the next."""

    session_id: str
    state: ReviewState
    claimed_by: str | None
    claimed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    unclear_by: str | None = None
    note: str | None = None


def untouched(session_id: str) -> Review:
    """The review of a session that nobody has touched: it is to be reviewed."""
    return Review(session_id, ReviewState.TO_REVIEW, None, None, None, None)


def check_claim(review: Review, person: str, settled: bool) -> None:
    """Whether this person may take the session on. `settled`: three people have said that it is no concern.

    Raises Conflict while another has it, WrongState when it is with others or decided, Denied to who found it
    unclear.
    """
    if review.state is ReviewState.IN_REVIEW:
        if review.claimed_by != person:
            raise Conflict("Another reviewer has claimed this session.", "Take the next one in the queue.")
    elif settled or review.state not in (ReviewState.TO_REVIEW, ReviewState.NO_CONCERN):
        raise WrongState("This session's outcome is with a second person or decided.", "Take the next one.")
    elif review.state is ReviewState.TO_REVIEW and review.unclear_by == person:
        raise Denied("You could not settle this session.", "Another reviewer looks at it; take the next one.")


def check_ended(state: SessionState) -> None:
    """Raises Conflict before the session has ended."""
    if state not in OVER:
        raise Conflict("The session has not ended.", "Decide when it has.")


def check_decidable(state: SessionState, open_flags: int) -> None:
    """Raises Conflict before the session has ended and while a flag has not been looked at."""
    check_ended(state)
    if open_flags:
        raise Conflict(f"{open_flags} flags are not looked at yet.", "Confirm or dismiss each of them first.")


def may_claim(review: Review, person: str, settled: bool) -> bool:
    """Whether `check_claim` lets this person take the session on."""
    try:
        check_claim(review, person, settled)
    except CoreError:
        return False
    return True


def is_decidable(state: SessionState, open_flags: int) -> bool:
    """Whether `check_decidable` lets the claimant decide."""
    try:
        check_decidable(state, open_flags)
    except CoreError:
        return False
    return True


def check_unclear(note: str) -> str:
    """The note for the next person, as it is kept. Raises Invalid without one."""
    note = check_note(note)
    if not note:
        raise Invalid("A note is missing.", "Write for the next person what you could not settle.")
    return note
