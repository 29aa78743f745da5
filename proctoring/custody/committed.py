"""Commitments of a row's words in the entry of the act that wrote them (`storage.proofs.commitment`).

The ledger holds ids, figures and closed words only. Anything else that decides something, or says something
about a person, is committed to. The salt is in the row's `salts`, and is erased with the words.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from sqlalchemy import inspect

from proctoring.clock import iso
from storage.proofs.commitment import Opening, Value, new_salt


class Salted(Protocol):
    """A row with words: `salts` holds the salt of each committed column, by the column's name."""

    __tablename__: str
    salts: Any


def commit(row: Salted, *columns: str) -> dict[str, str]:
    """Commitments to the present values of these columns, for the detail of the act's entry; each with a new
    salt.

    The row's key must be set. An act that changes a column later commits to it again.
    """
    row.salts = {**(row.salts or {}), **{column: new_salt() for column in columns}}
    key = row_key(row)
    values = {column: plain(getattr(row, column)) for column in columns}
    made = openings(row.__tablename__, key, row.salts, values)
    return {opening.name: opening.commitment() for opening in made}


def openings(
    table: str, key: str, salts: Mapping[str, str] | None, values: Mapping[str, Value]
) -> Iterable[Opening]:
    """What opens the commitments to these values, as far as there are salts."""
    return (
        Opening(table, key, column, salt, values[column])
        for column, salt in sorted((salts or {}).items())
        if column in values
    )


def row_key(row: object) -> str:
    """The row's primary key as the ledger names it; of several columns joined by `+`."""
    mapper: Any = inspect(type(row))
    return "+".join(str(value) for value in mapper.primary_key_from_instance(row))


def plain(value: object) -> Value:
    """A column's value as the ledger writes it: instants as RFC 3339 with milliseconds, yes and no as 1 and
    0."""
    if value is None or type(value) in (str, int):
        return value  # type: ignore[return-value]
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a {type(value).__name__} has no form in the ledger")
