"""Statements that are sent to a database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from proctoring.db import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements of the block."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
