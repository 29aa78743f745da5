"""Dates and times that staff type into forms, read in the zone of the exam. Pure."""

from datetime import datetime

from proctoring.clock import civil_instant, civil_morning
from proctoring.errors import Invalid


def morning(day: str, zone: str) -> datetime:
    """The start of a civil day. Raises Invalid for what is no date of our time."""
    try:
        return civil_morning(day, zone)
    except ValueError as error:
        raise Invalid(f"{day!r} is no date.", "Give one such as 2026-12-07.") from error


def civil(time: str, zone: str) -> datetime:
    """A civil time of that zone, as UTC. Raises Invalid for what is no time of our time."""
    try:
        return civil_instant(time, zone)
    except ValueError as error:
        raise Invalid(f"{time!r} is no date with a time.", "Give one such as 2026-12-07T09:00.") from error
