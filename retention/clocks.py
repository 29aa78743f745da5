"""Trust in the present instant: the clocks of a pass, and other sources of the time.

While the service runs, the ledger gets at least one entry a day, and a pass runs every minute. A clock that
is far from both may be wrong by as much. Evidence that falls due only by such a clock is not erased until the
clock is confirmed. The time-stamp authority confirms it, where there is one, or a person (`proctoring purge
--confirm`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter, last_entered_at
from proctoring.holds import worker_state
from proctoring.holds.brake import (
    Brake,
    BrakeCause,
    BrakeLimits,
    Reading,
    long_pause,
    other_time,
    wrong_clock,
)
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow

MARK_EVERY = timedelta(days=1)
"""How old the ledger's last entry may be before the worker enters that it is still there."""
REMEDY = "look at the clocks and at `proctoring purge --dry-run`, then `proctoring purge --confirm`"

Ticks = Callable[[], float]
AskTime = Callable[[], datetime | None]

log = structlog.get_logger()


def system_ticks() -> float:
    """Seconds since the machine started, its sleep included; no change of the civil clock touches them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def nobody() -> None:
    """No authority is configured."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """`brake`: why the time is not believed. `sure`: an authority has just told the same time."""

    brake: Brake | None = None
    sure: bool = False


class Clocks:
    """Of one worker; remembers its last reading."""

    def __init__(self, core: Core, limits: BrakeLimits, ticks: Ticks, ask_time: AskTime) -> None:
        self._core = core
        self._limits = limits
        self._ticks = ticks
        self._ask_time = ask_time
        self._before: Reading | None = None

    def doubt(self) -> Doubt:
        """To be asked outside of any transaction: an authority may take seconds to answer."""
        with self._core.db.read() as db:
            now = self._core.db.now(db)
            found = self._long_pause(db, now)
            standing = worker_state.brake_in_force(db)
        if found is None and (standing is None or standing.cause is not BrakeCause.LONG_PAUSE):
            return Doubt()
        told = self._ask_time()
        if told is None:
            return Doubt(found)
        other = other_time(now, told, self._limits)
        return Doubt(other, sure=other is None)

    def brake(self, db: Db, doubt: Doubt) -> Brake | None:
        """The brake in force, after pulling it where a clock is in doubt and releasing it where an authority
        has confirmed the time."""
        if doubt.sure:
            worker_state.release_all(db, self._core, SYSTEM, BrakeCause.LONG_PAUSE)
        standing = worker_state.brake_in_force(db)
        if standing is not None:
            return standing
        passed_at = worker_state.state(db).passed_at
        wrong = wrong_clock(self.read(db), self._before, passed_at, self._limits)
        return pull(db, self._core, wrong or doubt.brake)

    def read(self, db: Db) -> Reading:
        """All clocks, together."""
        return Reading(self._core.clock(), self._core.db.now(db), self._ticks())

    def remember(self, reading: Reading) -> None:
        """What the next reading is compared with."""
        self._before = reading

    def mark(self, db: Db, now: datetime, by: Actor) -> None:
        """Enter that time was looked at, where the ledger has been silent for MARK_EVERY."""
        entered_at = last_entered_at(db)
        if entered_at is not None and now - entered_at >= MARK_EVERY and _is_any_living(db):
            enter(db, self._core.clock, by, Action.CLOCK_MARK)

    def _long_pause(self, db: Db, now: datetime) -> Brake | None:
        if not _is_any_living(db):
            return None
        return long_pause(now, worker_state.state(db).passed_at, last_entered_at(db), self._limits)


def pull(db: Db, core: Core, brake: Brake | None) -> Brake | None:
    """Pull it, if there is one to pull, and say so."""
    if brake is None:
        return None
    log.error("erasure.braked", cause=brake.cause.value, detail=brake.detail, command=REMEDY)
    return worker_state.pull(db, core, brake)


def _is_any_living(db: Db) -> bool:
    return db.scalar(select(UnitRow.id).where(UnitRow.state.in_(LIVING_VALUES)).limit(1)) is not None
