"""The arithmetic of retention: due dates in civil time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring.errors import Conflict, Denied, Invalid
from proctoring.exams.model import CountFrom, Regulation
from proctoring.holds.model import HoldKind, check_reason, check_release
from proctoring.units.due import due_at

BRUSSELS = "Europe/Brussels"
ENDED = datetime(2026, 11, 16, 9, 42, tzinfo=UTC)


def regulation(days: int, count_from: CountFrom = CountFrom.RESULTS, maximum: int = 90) -> Regulation:
    return Regulation(days, count_from, BRUSSELS, maximum)


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("days", "published", "due"),
    [
        (14, datetime(2026, 11, 23, 10, 0, tzinfo=UTC), datetime(2026, 12, 7, 23, 0, tzinfo=UTC)),
        # published in UTC's 23rd but Brussels' 24th: the civil day counts
        (14, datetime(2026, 11, 23, 23, 30, tzinfo=UTC), datetime(2026, 12, 8, 23, 0, tzinfo=UTC)),
        (0, datetime(2026, 11, 23, 10, 0, tzinfo=UTC), datetime(2026, 11, 23, 23, 0, tzinfo=UTC)),
        # published before this session ended: counted from its end
        (1, datetime(2026, 11, 1, 10, 0, tzinfo=UTC), datetime(2026, 11, 17, 23, 0, tzinfo=UTC)),
        # the period crosses the start of summer time: it still ends at local midnight
        (7, datetime(2027, 3, 25, 10, 0, tzinfo=UTC), datetime(2027, 4, 1, 22, 0, tzinfo=UTC)),
    ],
)
def test_due_is_the_midnight_that_ends_the_last_objection_day(
    days: int, published: datetime, due: datetime
) -> None:
    """Counted from publication in civil days of the exam's zone, as UTC."""
    assert due_at(regulation(days), ENDED, published) == due


def test_without_results_the_maximum_applies() -> None:
    """A due date is never null: with no results it is the regulation's maximum after the exam's end."""
    assert due_at(regulation(14, maximum=30), ENDED, None) == datetime(2026, 12, 16, 23, 0, tzinfo=UTC)


def test_counting_from_the_exams_end_ignores_publication() -> None:
    """Where the regulation counts from the exam's end, publication changes nothing."""
    rule = regulation(10, CountFrom.EXAM_END)
    late = datetime(2027, 1, 1, tzinfo=UTC)
    assert due_at(rule, ENDED, late) == due_at(rule, ENDED, None) == datetime(2026, 11, 26, 23, tzinfo=UTC)


@given(
    days=st.integers(0, 400),
    zone=st.sampled_from([BRUSSELS, "America/Santiago", "Pacific/Auckland", "UTC", "Africa/Cairo"]),
    published=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_candidates_get_every_objection_day_whole_and_not_one_more(
    days: int, zone: str, published: datetime
) -> None:
    """The last moment before `due` is on the last objection day, `due` itself on the day after."""
    due = due_at(Regulation(days, CountFrom.RESULTS, zone, 400), datetime(2024, 6, 1, tzinfo=UTC), published)
    last_day = published.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    assert (due - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == last_day
    assert due.astimezone(ZoneInfo(zone)).date() == last_day + timedelta(days=1)


def test_a_regulation_that_cannot_be_is_refused_with_what_to_give() -> None:
    """Days out of range, a maximum shorter than the period, and unknown zones are Invalid."""
    for wrong in (
        {"objection_days": -1},
        {"max_days_without_results": 3},
        {"zone": "Europe/Atlantis"},
        {"zone": "../etc/passwd"},
    ):
        given_ = {
            "objection_days": 14,
            "count_from": CountFrom.RESULTS,
            "zone": BRUSSELS,
            "max_days_without_results": 90,
        } | wrong
        with pytest.raises(Invalid) as refusal:
            Regulation(**given_)  # type: ignore[arg-type]
        assert refusal.value.remedy


def test_nobody_releases_an_incident_or_appeal_hold_of_their_own() -> None:
    """Two persons for incident and appeal holds; a legal hold's owner may release it."""
    for kind in (HoldKind.INCIDENT, HoldKind.APPEAL):
        with pytest.raises(Denied):
            check_release(kind, "anna", "anna")
        check_release(kind, "anna", "bert")
    check_release(HoldKind.LEGAL, "anna", "anna")


@pytest.mark.parametrize("kind", [HoldKind.INCIDENT, HoldKind.APPEAL])
def test_a_hold_ends_with_its_procedure(kind: HoldKind) -> None:
    """Nobody releases it beside an incident that counts or an appeal without an answer."""
    with pytest.raises(Conflict):
        check_release(kind, "anna", "bert", kind)


def test_a_hold_needs_a_reason_in_words() -> None:
    """Blank and overlong reasons are refused."""
    assert check_reason("  seen twice ") == "seen twice"
    for wrong in ("", "  ", "ok", "x" * 2001):
        with pytest.raises(Invalid):
            check_reason(wrong)
