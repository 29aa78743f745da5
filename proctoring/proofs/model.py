"""Facts that custody entries tell of rows, and in what a row may disagree with them. Pure.

A fact is a column's value, or a commitment to it. Where an entry of an older service is silent there is no
fact: nothing is compared then, and nothing counts as proven.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from proctoring.clock import iso
from proctoring.custody.model import Entry
from storage.proofs.commitment import Value

UNTOLD = object()
"""No fact: what the ledger told before of this column holds no longer, and it does not tell what holds
now."""
SLACK = timedelta(seconds=20)
"""By how much an entry of an older service may be dated after the instant in its row: it waited for locks."""

Key = tuple[str, str]
"""Table and primary key (`proctoring.custody.committed.row_key`)."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`number`: the entry that tells it. `slack`: the tolerance for an instant."""

    value: Value
    number: int
    slack: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the database has it: covered columns in the ledger's form, and the salts of its words."""

    values: dict[str, Value]
    salts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A column that is not what the ledger tells. `told` never says what is only committed to."""

    code: str
    table: str
    row: str
    column: str
    told: str
    number: int | None

    def __str__(self) -> str:
        entry = f" (entry {self.number})" if self.number is not None else ""
        return f"{self.table} {self.row} {self.column}: {self.told}{entry}"


EDITED, MISSING, UNKNOWN = "row.edited", "row.missing", "row.unknown"


@dataclass(slots=True)
class Told:
    """The facts of a group of entries, so far. Entries numbered below `exact_from` are of an older
    service."""

    exact_from: int = 0
    rows: dict[Key, dict[str, Fact]] = field(default_factory=dict)
    complete: set[Key] = field(default_factory=set)
    """Owners (table of the rows, key of the owner) all of whose rows in that table are told."""
    number: int = 0
    faults: list["Disagreement"] = field(default_factory=list)
    """Entries that tell nothing that can be understood: forged, since the service writes none like that."""

    def not_told(self, entry: Entry, error: Exception) -> None:
        """This entry's detail is not what such an act enters."""
        told = f"its detail is none of {entry.action.value}: {type(error).__name__}"
        number = entry.number
        self.faults.append(Disagreement(EDITED, "custody_entries", str(number), "detail", told, number))

    def tell(self, entry: Entry, table: str, row: str | None, /, **columns: object) -> None:
        """This entry makes the row, or changes it, as these columns say: a value, a Fact, or UNTOLD."""
        facts = self.rows.setdefault((table, str(row)), {})
        for column, value in columns.items():
            if value is UNTOLD:
                facts.pop(column, None)
            elif isinstance(value, Fact):
                facts[column] = value
            else:
                facts[column] = Fact(value, entry.number)  # type: ignore[arg-type]

    def at(self, entry: Entry) -> Fact:
        """The instant of the act, as its row holds it."""
        return Fact(iso(entry.at), entry.number, SLACK if entry.number < self.exact_from else timedelta(0))

    def of(self, table: str, **where: Value) -> list[str]:
        """Keys of the rows of this table for which the ledger tells these values of these columns."""
        return [
            row
            for (name, row), facts in self.rows.items()
            if name == table and all((fact := facts.get(c)) and fact.value == v for c, v in where.items())
        ]

    def value(self, table: str, row: str, column: str) -> Value:
        """The value that the ledger tells of a column; None when it tells none."""
        fact = self.rows.get((table, row), {}).get(column)
        return fact.value if fact else None


def given(entry: Entry, *names: str, **renamed: str) -> dict[str, object]:
    """Columns as the entry's detail has them under the same name, or (`column="name"`) another; UNTOLD where
    it has not."""
    return {
        column: entry.detail.get(name, UNTOLD)
        for column, name in {**{name: name for name in names}, **renamed}.items()
    }


def is_near(told: str, held: str, slack: timedelta) -> bool:
    """Whether an instant in a row may be the one that the ledger tells."""
    return abs(datetime.fromisoformat(told) - datetime.fromisoformat(held)) <= slack
