"""The arithmetic of due dates: from when unheld evidence must go.

Nothing here reads a clock or a table. Days are civil days of the regulation's zone, so a period that
crosses the change of daylight-saving time ends at local midnight all the same.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from proctoring.exams.model import CountFrom, Regulation


def due_at(
    regulation: Regulation,
    ended_at: datetime,
    results_published_at: datetime | None,
    notified_at: datetime | None = None,
) -> datetime:
    """The instant (UTC) from which unheld evidence must go, and no appeal is in time any more: midnight after
    the last day of the period.

    Counted from publication of the results, or from the exam's end where the regulation says so. With no
    results yet, the regulation's maximum after the exam's end. Never null. Results published before the
    session ended count from its end. `notified_at`: when the candidate learned of the newest incident that
    counts; the period runs from then where that ends later.
    """
    due = _counted(regulation, ended_at, results_published_at)
    if notified_at is None:
        return due
    return max(due, _midnight_after(notified_at, regulation.objection_days, regulation.zone))


def _counted(regulation: Regulation, ended_at: datetime, results_published_at: datetime | None) -> datetime:
    if regulation.count_from is CountFrom.EXAM_END:
        return _midnight_after(ended_at, regulation.objection_days, regulation.zone)
    if results_published_at is None:
        return _midnight_after(ended_at, regulation.max_days_without_results, regulation.zone)
    return _midnight_after(max(ended_at, results_published_at), regulation.objection_days, regulation.zone)


def identity_due_at(due: datetime, confirmed_at: datetime | None, zone: str) -> datetime:
    """When an unheld copy of an identity card must go. At the end of the day on which a person confirmed the
    candidate's identity, and with the footage (`due`) at the latest."""
    return due if confirmed_at is None else min(due, _midnight_after(confirmed_at, 0, zone))


def _midnight_after(instant: datetime, days: int, zone: str) -> datetime:
    last_day: date = instant.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    midnight = datetime.combine(last_day + timedelta(days=1), time.min, ZoneInfo(zone))
    return midnight.astimezone(UTC)
