"""The database schema's history. `upgrade` brings any earlier database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from proctoring.db import Database


def upgrade(database: Database) -> bool:
    """Bring the schema to the newest revision; whether anything had to be done."""
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


def _is_newest(connection: Connection, config: Config) -> bool:
    newest = ScriptDirectory.from_config(config).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def _config() -> Config:
    config = Config()
    here = str(Path(__file__).parent)
    config.set_main_option("script_location", here.replace("%", "%%"))  # it interpolates what it is given
    return config
