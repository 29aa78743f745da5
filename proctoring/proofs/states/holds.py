"""Holds of a session as its ledger entries tell them, and the open procedures that must have one.

Pure. `entries` are those that name the session, in ascending order; entries about anything else are left out.
A hold covers every unit of its session that lives when it is placed: no unit of a session is made later. So
the counter of each living unit is the number of holds in force.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from proctoring.custody.model import Action, Entry

OPENS = {Action.INCIDENT_DECIDE: "incident", Action.APPEAL_LODGE: "appeal"}
CLOSES = {
    Action.INCIDENT_REJECT: "incident",
    Action.INCIDENT_CLOSE: "incident",
    Action.INCIDENT_ANNUL: "incident",
    Action.APPEAL_CLOSE: "appeal",
}


@dataclass(frozen=True, slots=True)
class ToldHold:
    """`placed` and `released` are numbers of ledger entries; `units`: how many it covered when placed."""

    id: str
    session_id: str
    kind: str
    units: int
    placed: int
    placed_at: datetime
    released: int | None = None
    released_at: datetime | None = None

    @property
    def in_force(self) -> bool:
        return self.released is None


@dataclass(frozen=True, slots=True)
class Procedure:
    """An incident or appeal that is open. `hold`: the one it placed; None where an older ledger does not tell
    it."""

    kind: str
    id: str
    opened: int
    hold: str | None


def told_holds(entries: Iterable[Entry]) -> dict[str, ToldHold]:
    """Every hold that was ever placed, by id. One placed again after a restore is in force again."""
    holds: dict[str, ToldHold] = {}
    for entry in entries:
        hold = str(entry.detail.get("hold"))
        if entry.action is Action.HOLD_PLACE:
            kind, units = str(entry.detail.get("kind")), int(entry.detail.get("units") or 0)
            holds[hold] = ToldHold(hold, entry.session_id or "", kind, units, entry.number, entry.at)
        elif entry.action is Action.HOLD_RELEASE and hold in holds:
            holds[hold] = replace(holds[hold], released=entry.number, released_at=entry.at)
    return holds


def active_holds(entries: Iterable[Entry]) -> dict[str, ToldHold]:
    """The holds in force, by id."""
    return {hold.id: hold for hold in told_holds(entries).values() if hold.in_force}


def open_procedures(entries: Iterable[Entry]) -> dict[str, Procedure]:
    """Incidents that are neither rejected nor closed and appeals without an answer, by id: each holds."""
    open_ones: dict[str, Procedure] = {}
    for entry in entries:
        if (kind := OPENS.get(entry.action)) is not None:
            hold = entry.detail.get("hold")
            found = Procedure(kind, str(entry.detail.get(kind)), entry.number, str(hold) if hold else None)
            open_ones[found.id] = found
        elif (kind := CLOSES.get(entry.action)) is not None:
            open_ones.pop(str(entry.detail.get(kind)), None)
    return open_ones
