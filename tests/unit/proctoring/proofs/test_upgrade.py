"""The migration on a filled database: nothing is lost or at fault, and older entries are known as such."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from proctoring import migrations
from proctoring.db import Database
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.rows import STATE_ID, ReplayRow
from tests.support import postgres

AT = "2026-11-16 08:00:00.000000"


@pytest.fixture(params=["sqlite", "postgres"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the schema before."""
    url = postgres.server().fresh() if request.param == "postgres" else None
    database = Database(url or f"sqlite:///{tmp_path / 'old.db'}")
    config = migrations._config()
    earlier = ScriptDirectory.from_config(config).get_revision("0016").down_revision
    assert isinstance(earlier, str)
    with database.engine.begin() as connection:
        if url is not None:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        config.attributes["connection"] = connection
        command.upgrade(config, earlier)
    yield database
    database.close()
    if url is not None:
        postgres.server().drop(url)


def test_a_filled_database_keeps_its_rows_and_its_entries_are_older(before: Database) -> None:
    with before.engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id, name, role, created_at) VALUES ('u', 'Anna', 'proctor', :at)",
            "INSERT INTO custody_entries (number, at, actor, role, action, detail, prev, hash) VALUES "
            """(1, :at, 'cli:root', 'operator', 'user:add', '{"user": "u", "role": "proctor"}', '0', '1')""",
        ):
            connection.execute(text(statement), {"at": AT})
        connection.execute(text("UPDATE custody_head SET number = 1, hash = '1'"))
    assert migrations.upgrade(before)
    with before.read() as db:
        assert db.get_one(ReplayRow, STATE_ID).exact_from == 2
        compared = compare_all_rows(db)
    assert compared.faults == []
    assert compared.untold == 1  # the name, which nothing committed to
