"""The statement of a page that costs the database most, and how the database reads for it."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from proctoring.db import Database
from tests.support.statements import Sent

TEXT_CHARS_SHOWN = 160


def slowest(database: Database, statements: Sequence[Sent]) -> str:
    """The slowest of those that only read, done again: its time, its beginning and its plan."""
    reading = [one for one in statements if one[0].startswith("SELECT") and "FOR UPDATE" not in one[0]]
    with database.engine.connect() as connection:
        timed = [(_ms(connection, one), one) for one in reading]
        ms, (statement, parameters) = max(timed, key=lambda one: one[0])
        lite = database.engine.dialect.name == "sqlite"
        explain = f"EXPLAIN {'QUERY PLAN ' if lite else ''}{statement}"
        plan = [str(row[-1]) for row in connection.exec_driver_sql(explain, parameters)]
    begun = " ".join(statement[statement.index("FROM") :].split())[:TEXT_CHARS_SHOWN]
    return "\n".join([f"{ms:.1f} ms  {begun}", *(f"    {line}" for line in plan)])


def _ms(connection: Connection, sent: Sent) -> float:
    statement, parameters = sent
    begun_s = time.perf_counter()
    rows: Any = connection.exec_driver_sql(statement, parameters)
    rows.fetchall()
    return 1000 * (time.perf_counter() - begun_s)
