"""End of the exam record, and of the words that people wrote. Pure.

    words of people           erased
    nothing was decided       with the recording
    a decision is in force    with the exam record

A decision is in force where an incident counts, or an appeal was lodged and not withdrawn. While something of
the recording is left, or a hold is on it, all words stay. The record is the session's row without these
words: which candidate (a reference), which exam, when, and what was decided. At its end the reference is
erased, and the notice that was kept with it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from proctoring.exams.model import RECORD_YEARS

WORDS: dict[str, tuple[str, ...]] = {
    "sessions": ("in_person_wish", "in_person_answer"),
    "flags": ("note",),
    "help_requests": ("text", "answer"),
    "identity_checks": ("reason",),
    "reviews": ("note",),
    "incidents": ("reasons", "second_reasons", "third_reasons"),
    "appeals": ("grounds", "answer"),
    "holds": ("reason", "owner"),
}
"""Columns in which people write about a session, by table."""

RECORD: dict[str, tuple[str, ...]] = {"sessions": ("ref", "notice_text")}
"""What goes at the end of the record."""

ERASED = ""
"""Stands where words stood; its salt is gone, so nothing tells any more what they were."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The remains of a session. `footage_due`: when the last of its footage is due; the session's end where
    all is gone. `decided`: whether a decision is in force."""

    footage_left: bool
    held: bool
    decided: bool
    footage_due: datetime
    record_until: datetime
    record_erased_at: datetime | None = None


def record_until(over_at: datetime, zone: str) -> datetime:
    """The end (UTC) of the civil day RECORD_YEARS after the session was over."""
    day = over_at.astimezone(ZoneInfo(zone)).date()
    last = date(day.year + RECORD_YEARS, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
    return datetime.combine(last + timedelta(days=1), time.min, ZoneInfo(zone)).astimezone(UTC)


def words_until(standing: Standing) -> datetime | None:
    """From when on what people wrote must go; None while a hold keeps it for an unknown time."""
    if standing.held:
        return None
    return standing.record_until if standing.decided else standing.footage_due


def words_go(standing: Standing, now: datetime) -> bool:
    """Whether what people wrote goes now."""
    until = words_until(standing)
    return not standing.footage_left and until is not None and now >= until


def record_goes(standing: Standing, now: datetime) -> bool:
    """Whether the record goes now."""
    return not standing.footage_left and not standing.held and now >= standing.record_until
