"""Each role has the database rights that its work needs, and no other: all its acts, under its own user."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from proctoring.casework import summaries
from proctoring.migrations.rights import LOCKED_BY, USERS
from tests.integration.acts_of_capture import candidates_life
from tests.integration.acts_of_review import staff_work
from tests.integration.acts_of_worker import put_back, worker_jobs
from tests.integration.test_database_rights import Rights, written
from tests.support.roles import RolesWorld, roles_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RolesWorld]:
    with roles_world(tmp_path) as made:
        yield made


@pytest.mark.promise("P12")
def test_every_role_uses_all_its_rights_and_lacks_none(world: RolesWorld) -> None:
    """Everything that capture, review and worker do, each as its own user of a real PostgreSQL: nothing is
    refused, each right of the table in the code was used by a statement, and every summary is kept."""
    with statements(USERS) as used:
        session = candidates_life(world)
        staff_work(world, session)
        worker_jobs(world, session)
        with world.core.db.read() as db:
            assert summaries.differing(db)[0] == []
            assert summaries.miscounted(db) == []
        for name in USERS:
            put_back(world, name)
    for name in USERS:
        assert written(name) - used[name] == set(), name


@contextmanager
def statements(users: Iterable[str]) -> Iterator[dict[str, Rights]]:
    """Which rights the statements of each user need, as (verb, table, column of an UPDATE)."""
    used: dict[str, Rights] = {user: set() for user in users}

    def note(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        mine = used.get(connection.engine.url.username or "", set())
        mine |= {("SELECT", table, "") for table in re.findall(r"\b(?:FROM|JOIN) (\w+)", statement)}
        if written := re.match(r"(INSERT INTO|DELETE FROM) (\w+)", statement):
            mine.add((written[1].split()[0], written[2], ""))
        if changed := re.match(r"UPDATE (\w+) SET (.*?)(?: WHERE|$)", statement, re.DOTALL):
            mine.add(("SELECT", changed[1], ""))  # whatever finds the row reads it
            mine |= {("UPDATE", changed[1], name) for name in re.findall(r"(?:^|, ?)(\w+)=", changed[2])}
        if "FOR UPDATE" in statement and "FROM sessions" in statement:
            mine.add(("UPDATE", "sessions", LOCKED_BY))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield used
    finally:
        event.remove(Engine, "before_cursor_execute", note)
