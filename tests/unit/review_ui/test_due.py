"""The figures beside a due date."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from review_ui.due import SOON_DAYS, due

BEGAN = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
# Midnight after 7 December in Brussels.
AT = datetime(2026, 12, 7, 23, 0, tzinfo=UTC)
ZONE = "Europe/Brussels"


def test_the_last_day_is_the_day_before_midnight() -> None:
    """On 7 December itself nothing is left but that day."""
    assert due(AT, BEGAN, datetime(2026, 12, 7, 12, 0, tzinfo=UTC), ZONE, False).days_left == 0
    assert due(AT, BEGAN, datetime(2026, 11, 23, 12, 0, tzinfo=UTC), ZONE, False).days_left == 14


def test_days_are_those_of_the_exams_zone() -> None:
    """At 23:30 UTC it is tomorrow in Brussels already."""
    assert due(AT, BEGAN, datetime(2026, 12, 6, 23, 30, tzinfo=UTC), ZONE, False).days_left == 0


def test_what_is_held_is_not_urgent() -> None:
    now = AT - timedelta(days=1)
    assert due(AT, BEGAN, now, ZONE, held=False).soon
    assert not due(AT, BEGAN, now, ZONE, held=True).soon


@given(st.integers(0, 4000), st.integers(-100, 5000))
def test_today_is_always_on_the_ruler(length_days: int, now_days: int) -> None:
    at = AT + timedelta(days=length_days)
    found = due(at, BEGAN, BEGAN + timedelta(days=now_days), ZONE, False)
    assert 0 <= found.gone_days <= found.total_days
    assert found.soon == (found.days_left <= SOON_DAYS)
