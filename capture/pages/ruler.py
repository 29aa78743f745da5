"""The ruler on the candidate's page: from the exam to the end of everything that keeps the recording."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from proctoring.privacy.model import OwnRecording
from proctoring.web.i18n import DATES

DAY = "MMMd"
"""Day and month, as CLDR has them for a language."""


@dataclass(frozen=True, slots=True)
class Point:
    """A day on the ruler. `word` is exam, results, now, due or hold; `kind` is how it is drawn."""

    day: int
    word: str
    date: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class RulerDays:
    """Days of the exam's civil time, counted from the day of the exam."""

    days: int
    points: tuple[Point, ...]
    kept: int
    held: int | None


def ruler_of(own: OwnRecording, language: str) -> RulerDays | None:
    """None before the exam has ended and once nothing is left: then there is nothing to draw."""
    zone = ZoneInfo(own.exam.regulation.zone)
    ended, due = own.session.ended_at, own.due_at
    if ended is None or due is None:
        return None
    first = ended.astimezone(zone).date()

    def day(at: datetime) -> int:
        return (at.astimezone(zone).date() - first).days

    def point(at: datetime, word: str, kind: str = "") -> Point:
        locale = DATES if language == "en" else language
        return Point(day(at), word, format_skeleton(DAY, at.astimezone(zone), locale=locale), kind)

    # Due at midnight is told as the last minute of the day before.
    last_minute = due - timedelta(minutes=1)
    last = max(day(last_minute), 1)
    points = [point(ended, "exam")]
    results = own.exam.results_published_at
    if results is not None and 0 < day(results) < last:
        points.append(point(results, "results"))
    end = point(last_minute, "due").date
    held = None
    review = own.review_hold_at
    if review is not None and day(review) > last:
        held = day(review)
        points += [Point(last, "due", end), point(review, "hold", "hold")]
    else:
        points.append(Point(last, "due", end, "hold" if own.holds else "end"))
    return RulerDays(held or last, tuple(points), last, held)
