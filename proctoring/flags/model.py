"""Flags. A machine never decides: a flag is only something to look at. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.errors import Invalid
from proctoring.text import prose

NOTE_CHARS_MAX = 2000


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
