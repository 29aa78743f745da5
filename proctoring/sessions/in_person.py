"""The wish to sit the exam in person, and its answer: with a date, or with the reason for none. Pure.

asked      by the candidate, until the exam begins; the last words count
answered   by the exam body, until the exam begins; the last answer counts
waits      asked, and not answered since
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from proctoring.errors import Conflict, Invalid
from proctoring.text import message

WISH_CHARS_MAX = 1000
ANSWER_CHARS_MAX = 1000
AHEAD_MAX = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Wish:
    """`sits_at`: the date that was offered; `answer`: where, what to bring, or why there is no place."""

    session_id: str
    ref: str
    exam: str
    zone: str
    asked_at: datetime
    wish: str
    sits_at: datetime | None
    answer: str | None
    answered_at: datetime | None
    answered_by: str | None

    @property
    def waits(self) -> bool:
        """Whether the candidate has no answer to their last words."""
        return self.answered_at is None or self.answered_at < self.asked_at


def check_wish(wish: str) -> str:
    """The words of a candidate who asks to sit in person, as they are kept (`text.message`); may be empty.
    Raises Invalid when they run on."""
    wish = message(wish)
    if len(wish) > WISH_CHARS_MAX:
        raise Invalid(
            "Your message is too long.",
            f"Write at most {WISH_CHARS_MAX} characters.",
            "wish-length",
            most=WISH_CHARS_MAX,
        )
    return wish


def check_answer(
    asked_at: datetime | None, begun: bool, sits_at: datetime | None, answer: str, now: datetime
) -> str:
    """The answer's words as they are stored. With a date they may be empty.

    Raises Conflict when nobody asked or the exam has begun. Raises Invalid for a date that is past or too
    far, and for an answer with neither a date nor a reason.
    """
    if asked_at is None:
        raise Conflict("This candidate has not asked to sit in person.", "Load the list again.")
    if begun:
        raise Conflict("This exam has begun, or is over.", "Load the list again.")
    if sits_at is not None and not now < sits_at <= now + AHEAD_MAX:
        raise Invalid(
            "The date is past, or too far ahead.", f"Give one within {AHEAD_MAX.days} days from now."
        )
    answer = message(answer)
    if len(answer) > ANSWER_CHARS_MAX or not (answer or sits_at):
        raise Invalid(
            "An answer needs a date, or the reason why there is none.",
            f"Give a date, or write 1 to {ANSWER_CHARS_MAX} characters.",
        )
    return answer
