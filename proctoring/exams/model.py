"""An exam and the two things that make its privacy notice: its regulation and its capture profile."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proctoring.clock import iso
from proctoring.errors import Conflict, Invalid
from proctoring.text import line

OBJECTION_DAYS_MAX = 3650
TITLE_CHARS_MAX = 200
LEGAL_GROUND_CHARS_MAX = 500
LANGUAGES = ("nl", "fr", "de", "en")
RECORD_YEARS = 10
"""How long the law asks for the record of a session (P11)."""


class Stream(StrEnum):
    """What is filmed. A session records each stream of its exam's capture profile."""

    WEBCAM = "webcam"
    PHONE = "phone"
    SCREEN = "screen"


class CountFrom(StrEnum):
    """The event from which the objection period is counted."""

    RESULTS = "results"
    EXAM_END = "exam-end"


@dataclass(frozen=True, slots=True)
class Regulation:
    """The exam regulation's words on objection, as figures. Days are civil days in `zone` (IANA name)."""

    objection_days: int
    count_from: CountFrom
    zone: str
    max_days_without_results: int

    def __post_init__(self) -> None:
        if not 0 <= self.objection_days <= OBJECTION_DAYS_MAX:
            raise Invalid(
                f"An objection period of {self.objection_days} days is not possible.",
                f"Give 0 to {OBJECTION_DAYS_MAX} days.",
            )
        if not self.objection_days <= self.max_days_without_results <= OBJECTION_DAYS_MAX:
            raise Invalid(
                f"Keeping recordings {self.max_days_without_results} days without a result is not possible.",
                f"Give {self.objection_days} (the objection period) to {OBJECTION_DAYS_MAX} days.",
            )
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Invalid(
                f"No time zone is called {self.zone!r}.", "Give one such as Europe/Brussels."
            ) from error


@dataclass(frozen=True, slots=True)
class CaptureProfile:
    """What an exam records, and nothing else may be."""

    streams: tuple[Stream, ...]
    identity_copy: bool = False
    activity_log: bool = False
    answers_log: bool = False
    signals: bool = False  # automatic signals and thumbnails of the streams

    def __post_init__(self) -> None:
        if not self.streams or len(set(self.streams)) != len(self.streams):
            raise Invalid(
                "An exam records at least one stream, each once.", "Give for example webcam,phone,screen."
            )


@dataclass(frozen=True, slots=True)
class Exam:
    """One exam as the exam administrator set it up."""

    id: str
    title: str
    regulation: Regulation
    profile: CaptureProfile
    legal_ground: str
    created_at: datetime
    results_published_at: datetime | None = None


def check_published(exam: Exam, at: datetime, now: datetime) -> None:
    """Checks that the results may count as published `at`. A date in the past would shorten the candidates'
    period to object. A date after the announced one would keep films longer.

    Raises Invalid, and Conflict when the results were published before `at`.
    """
    longest = exam.regulation.max_days_without_results
    if at < now:
        raise Invalid(
            f"{iso(at)} is past: candidates object for the whole period from when they can know.",
            "Publish the results now, or give a later date.",
        )
    if at > now + timedelta(days=longest):
        raise Invalid(
            f"{iso(at)} is further away than recordings may be kept without results.",
            f"Give a date within {longest} days from now.",
        )
    before = exam.results_published_at
    if before is not None and at > before:
        raise Conflict(
            f"The results were published at {iso(before)}; later would keep films longer.",
            "Give an earlier date that is not past, or place a hold with its reason.",
        )


def check_title(title: str) -> str:
    """The title as it is kept. Raises Invalid for one that `text.line` refuses."""
    return line(title, "the title", TITLE_CHARS_MAX)


def check_legal_ground(ground: str) -> str:
    """A code of the notice's, or the ground in words, as it is kept. Raises Invalid."""
    return line(ground, "the legal ground", LEGAL_GROUND_CHARS_MAX)
