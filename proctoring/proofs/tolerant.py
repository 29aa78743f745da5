"""Columns read as they stand: SQLite takes any value into any column, and whoever edits rows may leave one
there that ends every reading. Such a value is read as Garbled, and compared like any other."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a value that is none of ours may lead to in whoever reads it."""


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
        if dialect.name != "sqlite":  # any other holds each column to its type
            return convert
        expected = _python_types(self.kind)

        def read(value: Any) -> Any:
            if value is None:
                return None if self.nullable else Garbled("NULL")
            try:
                found = value if convert is None else convert(value)
            except UNREADABLE:
                return Garbled(value)
            return found if isinstance(found, expected) and _is_exact(value, expected) else Garbled(value)

        return read


def as_it_stands(column: Any) -> ColumnElement[Any]:
    """The column, to be selected under its own name; reading it never fails."""
    read: ColumnElement[Any] = type_coerce(column, _AsItStands(column.type, column.nullable))
    return read.label(column.name)


def _is_exact(value: Any, expected: tuple[type, ...]) -> bool:
    """Whether it was converted without a loss: any number is true to the driver, and a number of bytes."""
    if expected == (bool,):
        return type(value) is int and value in (0, 1)
    return expected != (bytes,) or isinstance(value, bytes)


def _python_types(kind: TypeEngine[Any]) -> tuple[type, ...]:
    if isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return (dict, list) if isinstance(kind, JSON) else (kind.python_type,)
