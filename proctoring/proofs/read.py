"""Reading what is compared: the rows of sessions and the entries about them, some sessions at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Table, func, select, tuple_
from sqlalchemy import Row as SqlRow
from sqlalchemy.orm import Session as Db

from proctoring.custody.committed import plain
from proctoring.custody.model import Action, Entry
from proctoring.custody.rows import EntryRow
from proctoring.proofs.columns import compared
from proctoring.proofs.model import EDITED, Disagreement, Key, Row
from proctoring.proofs.rows import STATE_ID, ReplayRow
from proctoring.proofs.states import house
from proctoring.proofs.tables import METADATA
from proctoring.tolerant import Garbled, as_it_stands
from storage.proofs.manifest import digest

HOUSE = ("exams", "users", "retention_brakes", "quarantines")
OF_SESSION = (
    "sessions",
    "evidence_units",
    "takes",
    "flags",
    "reviews",
    "incidents",
    "appeals",
    "holds",
    "identity_checks",
    "help_requests",
    "erasure_certificates",
    "exam_records",
)
THROUGH = {
    "gaps": ("evidence_units", "unit_id"),
    "hold_units": ("holds", "hold_id"),
    "incident_flags": ("incidents", "incident_id"),
}
"""Tables whose rows name their session through a row of another table."""
HASHED = frozenset({("evidence_units", "public_key"), ("takes", "sealed_key")})
"""Keys of which the ledger tells the hash; of others, whether there is one."""
Rows = dict[Key, Row]
_OF_HOUSE = [action.value for action in house.ACTIONS]
_TABLES: dict[str, Table] = dict(METADATA.tables)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry with a value that is none of its column's, or an act that is none of ours."""

    number: int
    column: str
    session_id: str | None
    prev: str
    hash: str

    def fault(self) -> Disagreement:
        """As a finding."""
        told = "it holds nothing that an entry can hold"
        return Disagreement(EDITED, EntryRow.__tablename__, str(self.number), self.column, told, self.number)


def entries_of(
    db: Db, session_ids: Collection[str]
) -> tuple[dict[str, list[Entry]], dict[str, list[Disagreement]]]:
    """All entries of each of these sessions, ascending, and those that cannot be read."""
    found: dict[str, list[Entry]] = defaultdict(list)
    faults: dict[str, list[Disagreement]] = defaultdict(list)
    for entry in read_entries(db, EntryRow.session_id.in_(session_ids)):
        if isinstance(entry, Entry):
            found[str(entry.session_id)].append(entry)
        else:
            faults[str(entry.session_id)].append(entry.fault())
    return found, faults


def house_entries(db: Db) -> tuple[list[Entry], list[Disagreement]]:
    """All entries that tell of rows of no session, ascending, and those that cannot be read."""
    read = list(read_entries(db, EntryRow.action.in_(_OF_HOUSE)))
    entries = [one for one in read if isinstance(one, Entry)]
    return entries, [one.fault() for one in read if isinstance(one, Unreadable)]


def read_exact_from(db: Db) -> tuple[int, list[Disagreement]]:
    """The first entry of this service (`ReplayRow`); 0, with a fault, where its row has been lost."""
    table = ReplayRow.__table__
    held = db.scalar(select(as_it_stands(table.c.exact_from)).where(table.c.id == STATE_ID))
    if isinstance(held, int):
        return held, []
    told = "where entries of an older service end is not known: none is taken for one"
    return 0, [Disagreement(EDITED, ReplayRow.__tablename__, str(STATE_ID), "exact_from", told, None)]


def newest_house_entry(db: Db) -> int:
    """The number of the last of them; 0 when there is none."""
    return db.scalar(select(func.max(EntryRow.number)).where(EntryRow.action.in_(_OF_HOUSE))) or 0


def session_rows(db: Db, session_ids: Collection[str]) -> dict[str, Rows]:
    """All compared rows of each of these sessions."""
    found: dict[str, Rows] = defaultdict(dict)
    for name in OF_SESSION:
        table = _TABLES[name]
        owner = table.c.id if name == "sessions" else table.c.session_id
        _add(found, db, table, select(owner, *_read(table)).where(owner.in_(session_ids)))
    for name, (through, link) in THROUGH.items():
        table, parent = _TABLES[name], _TABLES[through]
        joined = select(parent.c.session_id, *_read(table)).join(parent, parent.c.id == table.c[link])
        _add(found, db, table, joined.where(parent.c.session_id.in_(session_ids)))
    return found


def house_rows(db: Db) -> Rows:
    """All compared rows of no session."""
    found: Rows = {}
    for name in HOUSE:
        table = _TABLES[name]
        found |= dict(_row(table, values) for values in db.execute(select(*_read(table))))
    return found


def rows_under(db: Db, keys: Iterable[Key]) -> Rows:
    """The rows with these keys, in whatever session."""
    by_table: dict[str, list[str]] = defaultdict(list)
    for name, key in keys:
        by_table[name].append(key)
    found: Rows = {}
    for name, some in by_table.items():
        table = _TABLES[name]
        wanted = [tuple(key.split("+")) for key in some]
        query = select(*_read(table)).where(tuple_(*table.primary_key).in_(wanted))
        found |= dict(_row(table, values) for values in db.execute(query))
    return found


def _add(found: Mapping[str, Rows], db: Db, table: Table, query: Select[Any]) -> None:
    for owner, *values in db.execute(query):
        key, row = _row(table, values)
        found[str(owner)][key] = row


@cache
def _read(table: Table) -> list[ColumnElement[Any]]:
    return [as_it_stands(column) for column in _columns(table)]


@cache
def _columns(table: Table) -> list[Column[Any]]:
    names = [*compared(table.name), *(["salts"] if "salts" in table.c else [])]
    return [table.c[name] for name in names]


def _row(table: Table, values: Sequence[Any]) -> tuple[Key, Row]:
    columns = _columns(table)
    named = {column.name: _plain(column, value) for column, value in zip(columns, values, strict=True)}
    salts = named.pop("salts", None)
    key = "+".join(str(named[column.name]) for column in table.primary_key)
    return (table.name, key), Row(named, salts if isinstance(salts, dict) else {})


def _plain(column: Column[Any], value: Any) -> Any:
    if column.name == "salts" or isinstance(value, Garbled):
        return value
    if isinstance(column.type, LargeBinary):
        hashed = value is not None and (column.table.name, column.name) in HASHED
        return digest(value) if hashed else int(value is not None)
    return plain(value)


def read_entries(db: Db, which: ColumnElement[bool]) -> Iterator[Entry | Unreadable]:
    """These entries as stored, ascending."""
    columns = [as_it_stands(column) for column in EntryRow.__table__.c]
    ordered = select(*columns).where(which).order_by(EntryRow.number).execution_options(yield_per=5000)
    for row in db.execute(ordered):
        yield _entry(row)


def _entry(row: SqlRow[Any]) -> Entry | Unreadable:
    for name, value in row._mapping.items():
        if isinstance(value, Garbled) or (name == "detail" and not isinstance(value, dict)):
            return Unreadable(row.number, str(name), row.session_id, row.prev, row.hash)
    try:
        action = Action(row.action)
    except ValueError:
        return Unreadable(row.number, "action", row.session_id, row.prev, row.hash)
    return Entry(
        row.number,
        row.at,
        row.actor,
        row.role,
        action,
        row.session_id,
        row.unit_id,
        row.detail,
        row.prev,
        row.hash,
    )


def session_ids(db: Db, after: str, limit: int) -> list[str]:
    """The next sessions after `after` in the order of their ids: those of a row, and those that only the
    ledger tells of."""
    rows, told = _TABLES["sessions"].c.id, EntryRow.session_id
    mine = select(rows).where(rows > after).order_by(rows).limit(limit)
    entered = select(told).where(told > after).distinct().order_by(told).limit(limit)
    return sorted({str(one) for one in [*db.scalars(mine), *db.scalars(entered)]})[:limit]
