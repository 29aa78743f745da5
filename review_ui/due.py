"""Time left until evidence is erased, in the figures that pages draw and say. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from proctoring.casework.lines import Line

SOON_DAYS = 7


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as staff see it. `days_left` counts civil days in the exam's zone: 0 is today, negative
    is past. `total_days` and `gone_days` put today on the ruler from the exam to the due date."""

    at: datetime
    days_left: int
    total_days: int
    gone_days: int
    held: bool

    @property
    def soon(self) -> bool:
        """Whether it is urgent: erased within SOON_DAYS, and not held."""
        return self.days_left <= SOON_DAYS and not self.held


def due(at: datetime, began: datetime, now: datetime, zone: str, held: bool) -> Due:
    """`at` is the instant from which evidence must go; its last day is the civil day before it."""
    local = ZoneInfo(zone)
    last_day = (at - timedelta(minutes=1)).astimezone(local).date()
    first_day = began.astimezone(local).date()
    today = now.astimezone(local).date()
    total = max(1, (last_day - first_day).days)
    return Due(at, (last_day - today).days, total, min(total, max(0, (today - first_day).days)), held)


def due_of(line: Line, now: datetime) -> Due:
    """When the session of a list goes."""
    began = line.session.started_at or line.session.created_at
    return due(line.due_at, began, now, line.zone, line.held)
