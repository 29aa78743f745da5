"""Reading what is compared: the rows of sessions and the entries about them, some sessions at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, LargeBinary, Select, Table, func, select, tuple_
from sqlalchemy.orm import Session as Db

from proctoring.custody.committed import plain
from proctoring.custody.model import Action, Entry
from proctoring.custody.rows import EntryRow
from proctoring.migrations.tables import METADATA
from proctoring.proofs.columns import compared
from proctoring.proofs.model import Key, Row
from proctoring.proofs.states import house
from storage.manifest import digest

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


def entries_of(db: Db, session_ids: Collection[str]) -> dict[str, list[Entry]]:
    """All entries of each of these sessions, ascending."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in _entries(db, select(EntryRow.__table__).where(EntryRow.session_id.in_(session_ids))):
        found[str(entry.session_id)].append(entry)
    return found


def house_entries(db: Db) -> list[Entry]:
    """All entries that tell of rows of no session, ascending."""
    return list(_entries(db, select(EntryRow.__table__).where(EntryRow.action.in_(_OF_HOUSE))))


def newest_house_entry(db: Db) -> int:
    """The number of the last of them; 0 when there is none."""
    return db.scalar(select(func.max(EntryRow.number)).where(EntryRow.action.in_(_OF_HOUSE))) or 0


def entries_after(db: Db, number: int, limit: int) -> list[Entry]:
    """The next entries of the ledger."""
    query = select(EntryRow.__table__).where(EntryRow.number > number, EntryRow.number <= number + limit)
    return list(_entries(db, query))


def session_rows(db: Db, session_ids: Collection[str]) -> dict[str, Rows]:
    """All compared rows of each of these sessions."""
    found: dict[str, Rows] = defaultdict(dict)
    for name in OF_SESSION:
        table = _TABLES[name]
        owner = table.c.id if name == "sessions" else table.c.session_id
        _add(found, db, table, select(owner, *_columns(table)).where(owner.in_(session_ids)))
    for name, (through, link) in THROUGH.items():
        table, parent = _TABLES[name], _TABLES[through]
        joined = select(parent.c.session_id, *_columns(table)).join(parent, parent.c.id == table.c[link])
        _add(found, db, table, joined.where(parent.c.session_id.in_(session_ids)))
    return found


def house_rows(db: Db) -> Rows:
    """All compared rows of no session."""
    found: Rows = {}
    for name in HOUSE:
        table = _TABLES[name]
        found |= dict(_row(table, values) for values in db.execute(select(*_columns(table))))
    return found


def rows_under(db: Db, keys: Iterable[Key]) -> Rows:
    """The rows that stand under these keys, in whatever session."""
    by_table: dict[str, list[str]] = defaultdict(list)
    for name, key in keys:
        by_table[name].append(key)
    found: Rows = {}
    for name, some in by_table.items():
        table = _TABLES[name]
        wanted = [tuple(key.split("+")) for key in some]
        query = select(*_columns(table)).where(tuple_(*table.primary_key).in_(wanted))
        found |= dict(_row(table, values) for values in db.execute(query))
    return found


def _add(found: Mapping[str, Rows], db: Db, table: Table, query: Select[Any]) -> None:
    for owner, *values in db.execute(query):
        key, row = _row(table, values)
        found[str(owner)][key] = row


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
    if column.name == "salts":
        return value
    if isinstance(column.type, LargeBinary):
        hashed = value is not None and (column.table.name, column.name) in HASHED
        return digest(value) if hashed else int(value is not None)
    return plain(value)


def _entries(db: Db, query: Select[Any]) -> Iterator[Entry]:
    ordered = query.order_by(EntryRow.number).execution_options(yield_per=5000)
    for row in db.execute(ordered):
        yield Entry(
            row.number,
            row.at,
            row.actor,
            row.role,
            Action(row.action),
            row.session_id,
            row.unit_id,
            row.detail,
            row.prev,
            row.hash,
        )


def session_ids(db: Db, after: str, limit: int) -> list[str]:
    """The next sessions behind `after` in the order of their ids: those of a row, and those that only the
    ledger tells of."""
    rows, told = _TABLES["sessions"].c.id, EntryRow.session_id
    mine = select(rows).where(rows > after).order_by(rows).limit(limit)
    entered = select(told).where(told > after).distinct().order_by(told).limit(limit)
    return sorted({str(one) for one in [*db.scalars(mine), *db.scalars(entered)]})[:limit]
