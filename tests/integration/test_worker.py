"""The retention worker as Celery tasks over a real Redis: the same code, the same end."""

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from proctoring.compose.parts import parts
from proctoring.compose.prepare import prepare
from proctoring.custody.service import newest_certificates
from proctoring.exams.model import CountFrom, Regulation
from proctoring.records import words
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from tests.support.redis import redis_url
from tests.support.service import clean_environment, wait_until
from tests.support.settings import plain_settings
from tests.support.world import World
from tests.support.written import SAID, WHO, written_about

ERASED_S_MAX = 90


@contextmanager
def running(data: Path, broker: str, *roles: str) -> Iterator[None]:
    """One process for each role name, `worker` or `beat`."""
    environment = clean_environment() | {
        "PROCTORING_REDIS_URL": broker,
        "PROCTORING_PURGE_INTERVAL_S": "1",
        "PROCTORING_ENV": "dev",  # weeks have passed since the test's own clock
    }
    started = []
    for number, role in enumerate(roles):
        log = (data.parent / f"{role}-{number}.log").open("wb")
        command = [sys.executable, "-m", "proctoring", role, "--data", str(data)]
        started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        log.close()
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


@pytest.mark.promise("P7")
def test_two_beats_and_two_workers_erase_what_is_due_exactly_once(tmp_path: Path) -> None:
    """Due evidence is gone without anybody asking, with one certificate a unit, whoever else was at it."""
    data = tmp_path / "data"
    prepare(plain_settings(data=data))
    made = parts(data)
    world = World(tmp_path / "world")
    world.core, world.objects = replace(made.core, clock=world.clock), made.capture.objects
    world.ended(world.exam(Regulation(0, CountFrom.EXAM_END, "UTC", 0)))

    def erased() -> bool:
        with made.core.db.read() as db:
            return set(db.scalars(select(UnitRow.state))) == {UnitState.ERASED.value}

    with redis_url(tmp_path) as broker, running(data, broker, "worker", "worker", "beat", "beat"):
        wait_until(erased, ERASED_S_MAX, "the worker did not erase")
    with made.core.db.read() as db:
        assert len(newest_certificates(db).rows) == 3
    assert [file for file in (data / "objects").rglob("*") if file.is_file()] == []
    made.core.db.close()


@pytest.mark.promise("P7")
def test_words_go_with_the_footage_and_were_in_no_log_and_not_in_redis(tmp_path: Path) -> None:
    """A worker of its own erases what people wrote: no file has it any more. Who sat the exam is in the
    database until the record ends. Neither was ever in Redis, whose messages carry nothing, or in a log."""
    data = tmp_path / "data"
    prepare(plain_settings(data=data))
    made = parts(data)
    world = World(tmp_path / "world")
    world.core, world.objects = replace(made.core, clock=world.clock), made.capture.objects
    regulation = Regulation(0, CountFrom.EXAM_END, "UTC", 0)
    session = written_about(world, world.exam(regulation, identity_copy=True))

    def erased() -> bool:
        with made.core.db.read() as db:
            states = set(db.scalars(select(UnitRow.state)))
            return states == {UnitState.ERASED.value} and not words.count(db, session.id)

    with redis_url(tmp_path, kept=True) as broker, running(data, broker, "worker", "beat"):
        wait_until(erased, ERASED_S_MAX, "the worker did not erase")
    made.core.db.forget_deleted()
    made.core.db.close()
    world.core.db.close()
    commands = b"".join(file.read_bytes() for file in (tmp_path / "appendonlydir").iterdir())
    bodies = [json.loads(b64decode(body)) for body in re.findall(rb'"body": ?"([^"]+)"', commands)]
    assert bodies
    assert all((arguments, named) == ([], {}) for arguments, named, _ in bodies)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if SAID.encode() in file.read_bytes()]
    named = {file.name for file in files if WHO.encode() in file.read_bytes()}
    assert named <= {"proctoring.db", "proctoring.db-wal"}
