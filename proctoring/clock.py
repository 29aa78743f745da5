"""The clock is passed in, so that every rule about time can be tested at any time. Invariant: aware UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant, timezone-aware in UTC."""
    return datetime.now(UTC)


def ms_between(start: datetime, end: datetime) -> int:
    """Whole milliseconds from `start` to `end`, rounded down; negative when `end` is earlier."""
    return (end - start) // timedelta(milliseconds=1)


def iso(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`: the one form in files, ledger, JSON and pages."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant as UTC. Raises ValueError when it has no offset: local time decides nothing."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it as 2026-12-07T22:59:59Z")
    return instant.astimezone(UTC)
