"""Disputes: where the rows that decide over a session's erasure are not what the ledger tells. Pure.

What the ledger tells is what the replay makes of it (`proctoring.proofs.replay`), which all rows are compared
with. Whoever may write rows can let held evidence look free and due. Nothing of a session with a dispute is
destroyed until a person has looked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from proctoring.clock import iso
from proctoring.proofs.model import Told
from proctoring.proofs.replay import replay
from proctoring.proofs.session_entries import SessionEntries
from proctoring.proofs.states.deciding import ToldUnits, active_holds, is_over, open_procedures, told_units
from proctoring.proofs.states.due import ToldDue, same_due, told_due
from proctoring.units.model import LIVING, UnitState

AT_MOST = 20  # disputes told of one session


@dataclass(frozen=True, slots=True)
class Dispute:
    """`code` for machines; `detail` says which row and what of it, by random ids alone."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What a unit's row says. `holds`: those in force whose rows cover it; `empty`: nothing was recorded."""

    id: str
    kind: str
    state: UnitState
    due_at: datetime
    counter: int
    holds: frozenset[str]
    empty: bool = False


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the rows say of a session: holds in force, open incidents and appeals with their holds, units."""

    holds: frozenset[str]
    procedures: Mapping[str, str]
    units: tuple[UnitFacts, ...] = field(default=())


def disputes(told: SessionEntries, rows: SessionFacts) -> list[Dispute]:
    """Every disagreement, at most AT_MOST; none is the condition for destroying anything of the session."""
    facts = replay(told.session, exact_from=0)
    found = [
        *(Dispute("ledger.entries", str(fault)) for fault in facts.faults),
        *_holds(facts, rows),
        *_procedures(facts, rows),
        *_units(told_units(facts), rows),
        *_finished(facts, rows),
        *_due(told_due(told.exam, told.session), rows),
    ]
    return found[:AT_MOST]


def not_before(told: SessionEntries, unit: UnitFacts) -> datetime | None:
    """The instant before which the ledger does not let this unit be erased. None where it does not tell
    (older than its due dates): then the rows alone decide."""
    return told_due(told.exam, told.session).of(unit.kind)


def _holds(facts: Told, rows: SessionFacts) -> Iterator[Dispute]:
    told = active_holds(facts)
    for hold_id, kind in told.items():
        if hold_id not in rows.holds:
            yield Dispute("hold.told", f"the ledger tells of {kind} hold {hold_id}, no row does")
    for hold_id in sorted(rows.holds - told.keys()):
        yield Dispute("hold.untold", f"hold {hold_id} is in force by its row, not by the ledger")
    for unit in _living(rows):
        if unit.holds != rows.holds:
            yield Dispute("hold.units", f"not every hold of its session covers unit {unit.id}")
        if unit.counter != len(told):
            yield Dispute(
                "unit.active_holds",
                f"unit {unit.id} counts {unit.counter} holds, the ledger tells of {len(told)}",
            )


def _procedures(facts: Told, rows: SessionFacts) -> Iterator[Dispute]:
    told, held = open_procedures(facts), active_holds(facts)
    for one in told.values():
        if one.id not in rows.procedures:
            yield Dispute(f"{one.kind}.state", f"{one.kind} {one.id} is open by the ledger, not by its row")
        if one.hold is not None and one.hold not in held:
            yield Dispute(f"{one.kind}.unheld", f"{one.kind} {one.id} is open and its hold is released")
    for procedure, hold in sorted(rows.procedures.items()):
        if procedure not in told:
            yield Dispute("procedure.untold", f"{procedure} is open by its row, not by the ledger")
        elif hold not in held:
            yield Dispute("procedure.hold_id", f"{procedure} is open, its hold {hold} is not in force")


def _units(told: ToldUnits, rows: SessionFacts) -> Iterator[Dispute]:
    for unit in rows.units:
        kind = told.kinds.get(unit.id)
        if kind is None and (told.complete or not unit.empty):
            yield Dispute("unit.session_id", f"unit {unit.id} is of no such session by the ledger")
        elif kind not in (None, unit.kind):
            yield Dispute("unit.kind", f"unit {unit.id} is {unit.kind}, and {kind} by the ledger")
        if (unit.id in told.erasing) is (unit.state in LIVING):
            said = "tells" if unit.id in told.erasing else "does not tell"
            yield Dispute("unit.state", f"unit {unit.id} is {unit.state}, its erasure the ledger {said}")
    for unit_id in sorted(told.living - {unit.id for unit in rows.units}):
        yield Dispute("unit.missing", f"unit {unit_id} lives by the ledger and has no row here")


def _finished(facts: Told, rows: SessionFacts) -> Iterator[Dispute]:
    if not is_over(facts) and any(unit.state is UnitState.RETAINED for unit in rows.units):
        yield Dispute("session.state", "its recording is closed, its end the ledger does not tell")


def _due(told: ToldDue, rows: SessionFacts) -> Iterator[Dispute]:
    for unit in _living(rows):
        due = told.of(unit.kind)
        if due is not None and not same_due(due, unit.due_at):
            yield Dispute(
                "unit.due_at", f"unit {unit.id} is due {iso(unit.due_at)}, by the ledger {iso(due)}"
            )


def _living(rows: SessionFacts) -> list[UnitFacts]:
    return [unit for unit in rows.units if unit.state in LIVING]
