"""Statements that are sent to a database, and what it reads for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from proctoring.db import Database

Sent = tuple[str, Any]
"""A statement with its parameters."""


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements of the block."""
    found: list[str] = []
    with _noted(database, lambda statement, _: found.append(statement)):
        yield found


@contextmanager
def sent(database: Database) -> Iterator[list[Sent]]:
    """The same with their parameters."""
    found: list[Sent] = []
    with _noted(database, lambda *one: found.append(one)):
        yield found


def read_by(database: Database, statements: Sequence[Sent]) -> int:
    """What the database reads for those statements that write nothing, done again: rows on PostgreSQL, as if
    tables were too large to be read whole; steps of its machine on SQLite."""
    reading = [
        one for one in statements if one[0].lstrip().startswith("SELECT") and "FOR UPDATE" not in one[0]
    ]
    lite = database.engine.dialect.name == "sqlite"
    with database.engine.connect() as connection:
        if not lite:
            connection.execute(text("SET enable_seqscan = off"))
        return sum((_steps if lite else _rows)(connection, *one) for one in reading)


def _steps(connection: Connection, statement: str, parameters: Any) -> int:
    driver: Any = connection.connection.driver_connection
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    driver.set_progress_handler(step, 1)
    try:
        driver.execute(statement, parameters).fetchall()
    finally:
        driver.set_progress_handler(None, 1)
    return steps


def _rows(connection: Connection, statement: str, parameters: Any) -> int:
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    ((told,),) = connection.exec_driver_sql(explain, parameters)
    return _read(told[0]["Plan"])


def _read(node: dict[str, Any]) -> int:
    dropped = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
    mine = (node["Actual Rows"] + dropped) * node["Actual Loops"]
    return int(mine) + sum(_read(one) for one in node.get("Plans", ()))


@contextmanager
def _noted(database: Database, note: Any) -> Iterator[None]:
    def before(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        note(statement, parameters)

    event.listen(database.engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", before)
