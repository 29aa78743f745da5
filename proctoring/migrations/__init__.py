"""The database schema's history. `upgrade` brings any earlier database to the newest schema.

A number names a revision; the order is that of `down_revision`. The numbers 0006, 0007, 0015, 0019, 0024 and
0029 were never given to one: nothing is missing.

Alembic is loaded where it is used: every command asks whether it knows the database's version.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection

from proctoring.db import Database
from proctoring.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

HERE = Path(__file__).parent
VERSION_TABLE = "alembic_version"
SHOWN_MAX = 3


def upgrade(database: Database) -> bool:
    """Bring the schema to the newest revision; whether anything had to be done. Raises Unavailable, with
    nothing changed, for a database that is not ours or of a newer version."""
    from alembic import command

    refuse_unknown(database)
    config = _config()
    with database.engine.begin() as connection:
        if _is_newest(connection, config):
            return False
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True


def is_newest(database: Database) -> bool:
    """Whether the schema is the one that this version of the program was made for."""
    with database.engine.connect() as connection:
        return _is_newest(connection, _config())


def refuse_unknown(database: Database) -> None:
    """Raises Unavailable for a schema that this program has no revision of: that of a newer version, or of
    another program. An empty database passes. Writes nothing, not even how SQLite is to keep its log."""
    plain = create_engine(database.engine.url, hide_parameters=True)
    try:
        with plain.connect() as connection:
            _refuse_unknown(connection)
    finally:
        plain.dispose()


def _refuse_unknown(connection: Connection) -> None:
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        found = connection.scalar(text(f"select version_num from {VERSION_TABLE}"))  # noqa: S608 - a constant
        if found is not None and found not in _known():
            raise Unavailable(
                f"The database is of version {found}, which this program does not know.",
                "Use the newer program that made it, or name another database with --data or "
                "PROCTORING_DATABASE_URL.",
            )
    elif tables and connection.dialect.name == "sqlite":
        raise Unavailable(
            f"The database holds tables of another program: {', '.join(sorted(tables)[:SHOWN_MAX])}.",
            "Name another with --data or PROCTORING_DATABASE_URL.",
        )


def _known() -> set[str]:
    return {file.name.partition("_")[0] for file in (HERE / "versions").glob("[0-9]*.py")}


def _is_newest(connection: Connection, config: "Config") -> bool:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    newest = ScriptDirectory.from_config(config).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(HERE).replace("%", "%%")
    )  # it interpolates what it is given
    return config
