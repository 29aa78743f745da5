"""Instants and days that somebody gives us: of our time, or refused."""

from datetime import timedelta

import pytest

from proctoring.clock import civil_morning, iso, parse_instant
from proctoring.errors import Invalid
from proctoring.holds.model import REVIEW_DAYS_MAX, check_review
from tests.support.world import START


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "2026-12-07T12:00:00",
        "2026-02-30T12:00:00Z",
        "soon",
        "",
    ],
)
def test_an_instant_that_cannot_be_is_a_value_error(text: str) -> None:
    """Never an overflow further down, where a zone is applied or days are added."""
    with pytest.raises(ValueError):
        parse_instant(text)


def test_a_day_begins_at_its_civil_midnight() -> None:
    """In the exam's zone; a day before or after our time is refused."""
    assert iso(civil_morning("2026-12-07", "Europe/Brussels")) == "2026-12-06T23:00:00.000Z"
    for wrong in ("0001-01-01", "9999-12-31", "2026-02-30", "7 December", ""):
        with pytest.raises(ValueError):
            civil_morning(wrong, "Europe/Brussels")


def test_a_hold_is_looked_at_again_from_today_on() -> None:
    """This morning still counts; yesterday and a day in the next generation do not."""
    for days in (-0.5, 0, REVIEW_DAYS_MAX):
        assert check_review(START + timedelta(days=days), START) == START + timedelta(days=days)
    for days in (-2, REVIEW_DAYS_MAX + 1):
        with pytest.raises(Invalid):
            check_review(START + timedelta(days=days), START)
