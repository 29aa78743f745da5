"""Facts that decide over a session's erasure, as the replay tells them: holds in force, the open procedures
that must have one, units. Pure.

A hold covers every unit of its session that lives when it is placed: no unit of a session is made later. So
the counter of each living unit is the number of holds in force.
"""

from dataclasses import dataclass

from proctoring.appeals.model import AppealState
from proctoring.incidents.model import OPEN
from proctoring.proofs.model import Told
from proctoring.proofs.states import evidence, held, incidents, sessions
from proctoring.sessions.model import SessionState
from proctoring.units.model import KEYLESS_VALUES, UnitState

OPEN_INCIDENTS = tuple(state.value for state in OPEN)
OPEN_APPEALS = (AppealState.LODGED.value,)
ERASED = UnitState.ERASED.value
OVER = (SessionState.ENDED.value, SessionState.EXPIRED.value)
_PROCEDURES = (("incident", incidents.TABLE, OPEN_INCIDENTS), ("appeal", incidents.APPEALS, OPEN_APPEALS))


@dataclass(frozen=True, slots=True)
class Procedure:
    """An incident or appeal that is open. `hold`: the one it placed; None where an older ledger does not tell
    it."""

    kind: str
    id: str
    hold: str | None


@dataclass(frozen=True, slots=True)
class ToldUnits:
    """`kinds`: of each unit by its id. `complete`: the admission names every unit; in an older ledger only
    those are known of which a take began. `erasing`: units whose key was destroyed; `erased`: those of which
    nothing is left."""

    kinds: dict[str, str]
    complete: bool
    erasing: frozenset[str]
    erased: frozenset[str]

    @property
    def living(self) -> set[str]:
        """Units that are known and not erased."""
        return self.kinds.keys() - self.erasing


def active_holds(told: Told) -> dict[str, str]:
    """The holds in force by id, and the kind of each."""
    return {hold: str(told.value(held.TABLE, hold, "kind")) for hold in told.of(held.TABLE, released_at=None)}


def open_procedures(told: Told) -> dict[str, Procedure]:
    """Incidents in force and appeals without an answer, by id: each holds."""
    found: dict[str, Procedure] = {}
    for kind, table, states in _PROCEDURES:
        for one in told.of(table):
            if told.value(table, one, "state") in states:
                hold = told.value(table, one, "hold_id")
                found[one] = Procedure(kind, one, str(hold) if hold else None)
    return found


def told_units(told: Told) -> ToldUnits:
    """The session's units."""
    table = evidence.TABLE
    states = {unit: told.value(table, unit, "state") for unit in told.of(table)}
    kinds = {unit: str(kind) for unit in states if (kind := told.value(table, unit, "kind")) is not None}
    return ToldUnits(
        kinds,
        any(name == table for name, _ in told.complete),
        frozenset(unit for unit, state in states.items() if state in KEYLESS_VALUES),
        frozenset(unit for unit, state in states.items() if state == ERASED),
    )


def is_over(told: Told) -> bool:
    """Whether the ledger tells the session's end."""
    return any(told.value(sessions.TABLE, one, "state") in OVER for one in told.of(sessions.TABLE))
