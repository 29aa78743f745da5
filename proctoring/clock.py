"""The clock is passed in, so that every rule about time can be tested at any time. Invariant: aware UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = range(1970, 2200)
"""In which instants lie that somebody gives us: others overflow where zones are applied or days added."""


def system_clock() -> datetime:
    """The present instant, timezone-aware in UTC."""
    return datetime.now(UTC)


def ms_between(start: datetime, end: datetime) -> int:
    """Whole milliseconds from `start` to `end`, rounded down; negative when `end` is earlier."""
    return (end - start) // timedelta(milliseconds=1)


def to_unix_ms(instant: datetime) -> int:
    """Whole milliseconds since EPOCH, rounded down."""
    return ms_between(EPOCH, instant)


def from_unix_ms(ms: int) -> datetime:
    """The instant so many milliseconds after EPOCH."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`: the one form in files, ledger, JSON and pages."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant as UTC. Raises ValueError when it has no offset, since local time decides nothing,
    and outside of YEARS."""
    instant = datetime.fromisoformat(text)
    _check_year(instant, text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-12-07T22:59:59Z")
    return instant.astimezone(UTC)


def civil_morning(text: str, zone: str) -> datetime:
    """The first instant of a civil day such as 2026-12-07 in `zone`. Raises ValueError as `parse_instant`."""
    day = date.fromisoformat(text)
    _check_year(day, text)
    return datetime.combine(day, time.min, ZoneInfo(zone))


def civil_instant(text: str, zone: str) -> datetime:
    """A civil time such as 2026-12-07T09:00 in `zone`, as UTC. Raises ValueError as `parse_instant`, and
    where an offset is given too."""
    local = datetime.fromisoformat(text)
    _check_year(local, text)
    if local.tzinfo is not None:
        raise ValueError(f"{text!r} has a time zone; write it as 2026-12-07T09:00")
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _check_year(given: date, text: str) -> None:
    if given.year not in YEARS:
        raise ValueError(f"{text!r} is not of the years {YEARS[0]} to {YEARS[-1]}")
