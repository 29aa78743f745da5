"""Compares facts of the ledger with the rows of the database: each disagreement, and each value the ledger
does not tell. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from proctoring.proofs.columns import compared
from proctoring.proofs.model import (
    EDITED,
    MISSING,
    UNKNOWN,
    Disagreement,
    Fact,
    Key,
    Row,
    Told,
    is_near,
)
from proctoring.tolerant import Garbled
from storage.proofs.commitment import Opening, is_commitment

OWNERS = {
    "evidence_units": "session_id",
    "gaps": "unit_id",
    "hold_units": "hold_id",
    "incident_flags": "incident_id",
}
"""Tables whose rows an older service did not enter one by one, and which column names the owner of a row."""
PRIMARY = {"hold_units": "unit_id", "incident_flags": "flag_id"}
"""Of a row that is not as the ledger tells, the column that names it; `id` or `session_id` elsewhere."""

BY_SESSION = ("reviews", "identity_checks", "exam_records")
"""Tables of one row a session, named by it."""


@dataclass(slots=True)
class Compared:
    """`untold`: columns that nobody can compare, since the entries about them are of an older service."""

    faults: list[Disagreement] = field(default_factory=list)
    untold: int = 0


def compare(told: Told, rows: Mapping[Key, Row], elsewhere: Mapping[Key, Row]) -> Compared:
    """`rows`: all rows of the group that the entries are about; `elsewhere`: rows of other groups under a key
    that these entries name."""
    found = Compared()
    for key, there in [*rows.items(), *elsewhere.items()]:
        found.faults += _garbled(key, there)
    for key, facts in told.rows.items():
        row = rows.get(key) or elsewhere.get(key)
        if row is None:
            found.faults.append(_missing(key, facts))
        else:
            found.faults += _edited(key, facts, row)
    for key, row in rows.items():
        table, _ = key
        facts = told.rows.get(key, {})
        if key not in told.rows and _is_complete(told, table, row):
            found.faults.append(
                Disagreement(UNKNOWN, *key, primary(table), "no entry of the ledger made this row", None)
            )
        else:
            known = {primary(table), *facts}
            found.untold += sum(1 for column in compared(table) if column not in known)
    return found


def primary(table: str) -> str:
    """The column that names a row."""
    return PRIMARY.get(table) or ("session_id" if table in BY_SESSION else "id")


def _garbled(key: Key, row: Row) -> Iterator[Disagreement]:
    for column, held in row.values.items():
        if isinstance(held, Garbled):
            yield Disagreement(EDITED, *key, column, "it holds nothing that this column can hold", None)


def _edited(key: Key, facts: Mapping[str, Fact], row: Row) -> Iterator[Disagreement]:
    table, name = key
    for column in compared(table):
        fact = facts.get(column)
        if fact is not None and not _holds(key, column, fact, row):
            yield Disagreement(EDITED, table, name, column, _told(fact), fact.number)


def _holds(key: Key, column: str, fact: Fact, row: Row) -> bool:
    held = row.values[column]
    if isinstance(held, Garbled):
        return True  # a fault already
    if is_commitment(fact.value):
        salt = row.salts.get(column)
        return isinstance(salt, str) and Opening(*key, column, salt, held).commitment() == fact.value
    if fact.slack and isinstance(held, str) and isinstance(fact.value, str):
        return is_near(fact.value, held, fact.slack)
    return held == fact.value


def _told(fact: Fact) -> str:
    if is_commitment(fact.value):
        return "not what the ledger committed to"
    return "the ledger tells none" if fact.value is None else f"the ledger tells {fact.value}"


def _missing(key: Key, facts: Mapping[str, Fact]) -> Disagreement:
    first = min((fact.number for fact in facts.values()), default=None)
    return Disagreement(MISSING, *key, primary(key[0]), "the ledger tells of this row, which is gone", first)


def _is_complete(told: Told, table: str, row: Row) -> bool:
    owner = OWNERS.get(table)
    return owner is None or (table, str(row.values[owner])) in told.complete
