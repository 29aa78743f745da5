"""Values that no column of ours can hold, read as they are.

SQLite takes any value into any column, and PostgreSQL has instants that Python lacks (`infinity`). An edit of
rows may leave one that would end every reading. Such a value is read as Garbled, and compared like any other.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import Any

from psycopg import Connection, DataError
from psycopg.types.datetime import TimestamptzLoader
from sqlalchemy import JSON, ColumnElement, Dialect, type_coerce
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from proctoring.errors import NotFound, WrongState

UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MultipleResultsFound,
    NoResultFound,
    NotFound,
    TypeError,
    ValueError,
    WrongState,
)
"""What a value that is none of ours may lead to in whoever reads it."""


def came_of(error: BaseException) -> str:
    """The error's type, and the last line of ours on its way: for a log, without a value of any row."""
    ours = [one for one in extract_tb(error.__traceback__) if "site-packages" not in one.filename]
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


class Garbled(str):
    """What is no value of its column, as text. Equal to nothing that the ledger tells of such a column."""

    __slots__ = ()


class _AsItStands(UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any], nullable: bool) -> None:
        self.kind = kind
        self.nullable = nullable

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        convert = self.kind.dialect_impl(dialect).result_processor(dialect, coltype)
        expected = _python_types(self.kind)
        strict = dialect.name == "sqlite"  # any other holds each column to its type

        def read(value: Any) -> Any:
            if value is None:
                return None if self.nullable else Garbled("NULL")
            if isinstance(value, Garbled):
                return value
            try:
                found = value if convert is None else convert(value)
            except UNREADABLE:
                return Garbled(value)
            exact = not strict or (isinstance(found, expected) and _is_exact(value, expected))
            return found if exact else Garbled(value)

        return read


def as_it_stands(column: Any) -> ColumnElement[Any]:
    """The column, to be selected under its own name; reading it never fails."""
    return read_for(column, column)


def read_for(column: Any, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A value that the column may get, to be selected under its name; reading it never fails."""
    read: ColumnElement[Any] = type_coerce(value, _AsItStands(column.type, column.nullable))
    return read.label(column.name)


def is_text(*values: object) -> bool:
    """Whether columns of text hold text: SQLite's may hold bytes, and its driver hands them out."""
    return all(isinstance(value, str) for value in values)


def readable(values: Sequence[Any]) -> Sequence[Any]:
    """The same values. Raises ValueError when one of them is Garbled."""
    if any(isinstance(value, Garbled) for value in values):
        raise ValueError("a column holds nothing that it can hold")
    return values


def read_any_instant(connection: Connection[Any]) -> None:
    """From here on an instant of PostgreSQL's that Python has not is Garbled; it ends no fetch of other
    rows."""
    connection.adapters.register_loader("timestamptz", _AnyInstant)


class _AnyInstant(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        try:
            return super().load(data)
        except DataError:
            return Garbled(bytes(data).decode())


def _is_exact(value: Any, expected: tuple[type, ...]) -> bool:
    """Whether it was converted without a loss: any number is true to the driver, and a number of bytes."""
    if expected == (bool,):
        return type(value) is int and value in (0, 1)
    return expected != (bytes,) or isinstance(value, bytes)


def _python_types(kind: TypeEngine[Any]) -> tuple[type, ...]:
    if isinstance(kind, TypeDecorator):
        if own := vars(type(kind)).get("python_type"):
            return (own,)
        kind = kind.impl_instance
    return (dict, list) if isinstance(kind, JSON) else (kind.python_type,)
