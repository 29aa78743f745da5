"""Replaying entries: what all nouns tell, what is committed to, and what follows from several nouns
together. Pure."""

from collections.abc import Callable, Iterable

from proctoring.custody.model import Entry
from proctoring.proofs.model import Fact, Told
from proctoring.proofs.states import (
    evidence,
    held,
    house,
    incidents,
    people,
    records,
    reviews,
    sessions,
    takes,
)
from proctoring.tolerant import UNREADABLE
from storage.proofs.commitment import is_commitment

Fold = Callable[[Told, Entry], None]
FOLDS: tuple[Fold, ...] = (
    sessions.fold,
    held.fold,  # before evidence: which holds a restored erasure ended
    evidence.fold,
    takes.fold,
    reviews.fold,  # before incidents: how one stood when it was rejected
    incidents.fold,
    people.fold,
    records.fold,
)


def replay(entries: Iterable[Entry], exact_from: int) -> Told:
    """The facts of a session: `entries` are all of its entries, ascending."""
    told = Told(exact_from)
    for entry in entries:
        _fold(told, entry, FOLDS)
    _count_holds(told)
    return told


def replay_house(entries: Iterable[Entry], exact_from: int) -> Told:
    """The facts of rows of no session: `entries` are all of `house.ACTIONS`, ascending."""
    told = Told(exact_from)
    for entry in entries:
        _fold(told, entry, (house.fold,))
    return told


def _fold(told: Told, entry: Entry, folds: Iterable[Fold]) -> None:
    try:
        for fold in folds:
            fold(told, entry)
        _commitments(told, entry)
    except UNREADABLE as error:
        told.not_told(entry, error)


def _commitments(told: Told, entry: Entry) -> None:
    told.number = entry.number
    for name, value in entry.detail.items():
        if is_commitment(value):
            table, row, column = name.split("/")
            told.rows.setdefault((table, row), {})[column] = Fact(value, entry.number)


def _count_holds(told: Told) -> None:
    """How many holds are on each unit, unless it is not told on which units one is."""
    active = told.of("holds", released_at=None)
    if any(("hold_units", hold) not in told.complete for hold in active):
        return
    for unit in told.of("evidence_units"):
        covering = [one for one in told.of("hold_units", unit_id=unit) if one.partition("+")[0] in active]
        told.rows[("evidence_units", unit)]["active_holds"] = Fact(len(covering), told.number)
