"""A candidate's words to the proctor: a call for help, or that they leave the room for a moment. Pure.

Neither is an accusation: on the time line it is the candidate's own flag, in their own words, and the
recording goes on meanwhile. Whether a pause is allowed is the regulation's matter, and a person's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.errors import Invalid
from proctoring.flags.model import Category
from proctoring.text import message

TEXT_CHARS_MAX = 1000
REQUESTS_MAX = 30
TAKEN_FOR = timedelta(minutes=2)  # a call that somebody took and did not answer is free again


class HelpKind(StrEnum):
    """HELP wants an answer. AWAY says that the candidate leaves the room, and ends when they are back."""

    HELP = "help"
    AWAY = "away"


CATEGORIES = {HelpKind.HELP: Category.OTHER, HelpKind.AWAY: Category.LEFT_THE_ROOM}
"""How each stands among the flags."""


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """`ended_at`: when it was answered, or the candidate was back. `taken_by`: who said to answer it."""

    id: str
    session_id: str
    kind: HelpKind
    text: str
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    ended_at: datetime | None
    taken_by: str | None = None
    taken_at: datetime | None = None

    def answering(self, now: datetime) -> str | None:
        """Who is answering it now, by id."""
        in_force = self.taken_at is not None and now < self.taken_at + TAKEN_FOR
        return self.taken_by if in_force and self.ended_at is None else None


@dataclass(frozen=True, slots=True)
class Call:
    """A call for help that waits, of a session under way; `zone` is its exam's."""

    request: HelpRequest
    ref: str
    zone: str


def check_text(kind: HelpKind, text: str) -> str:
    """The text as it is kept (`text.message`). Raises Invalid for a call without words, or too many."""
    text = message(text)
    if len(text) > TEXT_CHARS_MAX or (kind is HelpKind.HELP and not text):
        raise Invalid(
            "A message is missing or too long.",
            f"Write 1 to {TEXT_CHARS_MAX} characters.",
            "message-length",
            least=1,
            most=TEXT_CHARS_MAX,
        )
    return text
