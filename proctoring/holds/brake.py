"""The clock brake: when erasure must wait for a person, because a clock may be wrong (rule 7).

Pure. Evidence that a wrong clock erased cannot be brought back; evidence kept an hour longer can be erased.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.clock import iso


class BrakeCause(StrEnum):
    CLOCKS_DISAGREE = "clocks-disagree"
    CLOCK_JUMPED = "clock-jumped"
    TOO_MUCH_AT_ONCE = "too-much-at-once"
    LONG_PAUSE = "long-pause"


NO_PAUSE_TOO_LONG = timedelta.max


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """`share`: part of all living evidence units that may fall due in one pass, 0 to 1. It does not count
    below `units_min` units, so that a small exam body is not asked every time. `pause`: the time without any
    ledger entry and pass from which the clock alone is not trusted. A service that was stopped over a long
    weekend goes on by itself."""

    skew: timedelta = timedelta(seconds=60)
    share: float = 0.5
    units_min: int = 300
    pause: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Reading:
    """Clocks read together. `ticks_s` never jumps: seconds since some start, only differences count."""

    host: datetime
    database: datetime
    ticks_s: float


@dataclass(frozen=True, slots=True)
class Brake:
    """Why erasure waits. `id` is empty for one that ends with its pass."""

    cause: BrakeCause
    detail: str
    id: str = ""
    pulled_at: datetime | None = None


def wrong_clock(
    reading: Reading, before: Reading | None, passed_at: datetime | None, limits: BrakeLimits
) -> Brake | None:
    """Whether the clocks may be trusted. `before`: this process's last reading; `passed_at`: the instant of
    the last pass of any process. A jump while nobody ran looks like time that passed; see `long_pause`."""
    skew = abs(reading.host - reading.database)
    if skew > limits.skew:
        detail = f"this machine says {iso(reading.host)}, the database {iso(reading.database)}"
        return Brake(BrakeCause.CLOCKS_DISAGREE, detail)
    if passed_at is not None and passed_at - reading.database > limits.skew:
        detail = f"the last pass was at {iso(passed_at)}, and now it is {iso(reading.database)}"
        return Brake(BrakeCause.CLOCK_JUMPED, detail)
    if before is not None:
        expected = before.database + timedelta(seconds=reading.ticks_s - before.ticks_s)
        if abs(reading.database - expected) > limits.skew:
            detail = f"it should be {iso(expected)}, and the clock says {iso(reading.database)}"
            return Brake(BrakeCause.CLOCK_JUMPED, detail)
    return None


def long_pause(
    now: datetime, passed_at: datetime | None, entered_at: datetime | None, limits: BrakeLimits
) -> Brake | None:
    """Whether the time since the last pass, or the last ledger entry, seems so long that the clock may be
    wrong by it. That counts however little is due. None: there was none."""
    for what, at in (("the last pass", passed_at), ("the last entry of the ledger", entered_at)):
        if at is not None and now - at > limits.pause:
            return Brake(BrakeCause.LONG_PAUSE, f"{what} was at {iso(at)}, and now it is {iso(now)}")
    return None


def other_time(now: datetime, authority: datetime, limits: BrakeLimits) -> Brake | None:
    """Whether a time-stamp authority contradicts the clock."""
    if abs(authority - now) <= limits.skew:
        return None
    detail = f"the time-stamp authority says {iso(authority)}, the clock {iso(now)}"
    return Brake(BrakeCause.CLOCKS_DISAGREE, detail)


def too_much(due: int, living: int, limits: BrakeLimits) -> Brake | None:
    """Whether suspiciously much falls due at once. `living` counts the due ones too."""
    if due < limits.units_min or due <= limits.share * living:
        return None
    return Brake(BrakeCause.TOO_MUCH_AT_ONCE, f"{due} of {living} living evidence units are due in one pass")
