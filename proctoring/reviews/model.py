"""Flags and reviews.

A review:

    state         claim        release    no concern  unclear    incident       agreed    third person's no
    to-review     in-review**  –          –           –          –              –         –
    in-review     in-review*   to-review  no-concern  to-review  second-person  –         –
    second-person –            –          –           –          –              incident  no-concern
    no-concern    in-review**  –          –           –          –              –         –
    incident      –            –          –           –          –              –         –
    annulled      –            –          –           –          –              –         –

An appeal that is upheld makes annulled of incident.

* by the same person; another gets Conflict. ** Not by who found it unclear, and not again after a third
person's no. A machine never decides: a flag is only something to look at.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.errors import Conflict, Denied, Invalid, WrongState
from proctoring.text import prose

NOTE_CHARS_MAX = 2000
UNCLEAR = "unclear"
"""The outcome of a review that settles nothing, in the ledger's words: the session is to be reviewed anew."""


class ReviewState(StrEnum):
    TO_REVIEW = "to-review"
    IN_REVIEW = "in-review"
    SECOND_PERSON = "second-person"
    NO_CONCERN = "no-concern"
    INCIDENT = "incident"
    ANNULLED = "annulled"


class FlagSource(StrEnum):
    """Who raised a flag; drawn as a diamond, a triangle, a circle."""

    RULE = "rule"
    PROCTOR = "proctor"
    CANDIDATE = "candidate"


class FlagState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Category(StrEnum):
    """What may have happened. The same list names an incident's kind."""

    UNAUTHORISED_AID = "unauthorised-aid"
    HELP_BY_OTHERS = "help-by-others"
    OTHER_PERSON = "other-person"
    LEFT_THE_ROOM = "left-the-room"
    RECORDING_ENDED = "recording-ended"
    TECHNICAL = "technical"
    OTHER = "other"


class Severity(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    SEVERE = "severe"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to look at, on an instant (`end_ms == start_ms`) or a range of the session's time line."""

    id: str
    session_id: str
    start_ms: int
    end_ms: int
    source: FlagSource
    category: Category
    severity: Severity
    note: str
    state: FlagState
    raised_by: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """Where a session stands with its reviewers. `note`: what `unclear_by`, who could not settle it, leaves
    for the next person."""

    session_id: str
    state: ReviewState
    claimed_by: str | None
    claimed_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    unclear_by: str | None = None
    note: str | None = None


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


def check_unclear(note: str) -> str:
    """The note for the next person, as it is kept. Raises Invalid without one."""
    note = check_note(note)
    if not note:
        raise Invalid("A note is missing.", "Write for the next person what you could not settle.")
    return note


def check_range(start_ms: int, end_ms: int, session_ms: int) -> None:
    """Raises Invalid unless 0 <= start <= end <= the session's length."""
    if not 0 <= start_ms <= end_ms <= session_ms:
        raise Invalid(
            f"A flag from {start_ms} to {end_ms} ms lies outside the session.",
            f"Give a range within 0 and {session_ms} ms.",
        )


def check_note(note: str) -> str:
    """The note as it is kept (`text.prose`). Raises Invalid when it is too long."""
    note = prose(note, "the note")
    if len(note) > NOTE_CHARS_MAX:
        raise Invalid("The note is too long.", f"Write at most {NOTE_CHARS_MAX} characters.")
    return note
