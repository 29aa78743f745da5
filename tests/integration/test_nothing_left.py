"""Words and names: none is left in the files of a real PostgreSQL and a real MinIO after the end (P7)."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from proctoring.db import Database
from proctoring.migrations import upgrade
from proctoring.records.model import RECORD, WORDS
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import s3_client
from tests.support.minio import ROOT, MinioServer
from tests.support.postgres import PostgresServer, binaries
from tests.support.programs import missing
from tests.support.service import wait_until
from tests.support.world import World
from tests.support.written import KEPT, SAID, WHO, columns_with, decided_about, titled, written_about

CANARIES = [canary.encode() for canary in (SAID, WHO, KEPT)]
WINDOW = 48
EMPTIED_S_MAX = 30
TRASH = "/.minio.sys/tmp/.trash/"


class Own:
    """A PostgreSQL server of this test's own, whose files nobody else writes to."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.url = server.fresh()
        self._name = self.url.split("@/")[1].split("?")[0]

    def ask(self, *statements: str) -> list[tuple[str, ...]]:
        """The last one's rows."""
        with psycopg.connect(
            host=str(self.server.folder), dbname=self._name, user="proctoring", autocommit=True
        ) as connection:
            for statement in statements:
                answer = connection.execute(statement)
            return list(answer.fetchall()) if answer.description else []

    def files_with(self, canaries: list[bytes], under: str) -> list[str]:
        folder = self.server.data / under
        return [file.name for file in sorted(folder.rglob("*")) if holds(file, canaries)]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    programs = binaries()
    if programs is None:
        missing("postgres", "PostgreSQL is not installed; `apt-get install postgresql` brings it.")
        raise AssertionError
    started = PostgresServer(programs)
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    """A server of this test's own, which may stop it."""
    folder = tmp_path_factory.mktemp("minio") / "drive"
    started = MinioServer(folder)
    try:
        yield started.start()
    finally:
        started.stop()


def holds(file: Path, canaries: list[bytes]) -> bool:
    data = file.read_bytes() if file.is_file() else b""
    return any(canary in data for canary in canaries)


def lived(world: World) -> None:
    """A session with a decision and one without, to the end of their records."""
    exam = titled(world)
    decided_about(world, exam)
    written_about(world, exam)


@pytest.mark.promise("P7")
@pytest.mark.promise("P11")
def test_what_postgresql_keeps_of_words_and_when_it_is_gone(
    server: PostgresServer, minio: MinioServer, tmp_path: Path
) -> None:
    """Erased: no row, index or sample of the planner has them, no log, no file of MinIO. Free space of data
    files has them until it is used again or VACUUM FULL rewrites the table; the write-ahead log, until the
    next checkpoints remove what they need no more (`wal_recycle=off`)."""
    own = Own(server)
    bucket = minio.new_bucket()
    world = World(tmp_path, database_url=own.url, objects=MinioObjects(minio.address(bucket), ROOT))
    lived(world)
    own.ask("analyze", "checkpoint")
    assert own.files_with(CANARIES, "base")
    assert own.files_with(CANARIES, "pg_wal")
    sealed = stored(minio, bucket)
    assert all(any(holds(file, [piece]) for file in minio.folder.rglob("*")) for piece in sealed)
    for days in (120, 3660):
        world.clock.move(days=days)
        world.eraser.run(confirmed=True)
    for canary in (SAID, WHO, KEPT):
        assert columns_with(world, canary) == set()
    world.core.db.close()
    kept = [
        f"{name}.{column}" for one in (WORDS, RECORD) for name, columns in one.items() for column in columns
    ]
    sampled = own.ask("select tablename || '.' || attname from pg_stats where schemaname = 'public'")
    assert {row[0] for row in sampled} & set(kept) == set()
    assert not any(holds(file, CANARIES) for file in minio.folder.rglob("*"))
    outside = [file for file in minio.folder.rglob("*") if holds(file, sealed) and TRASH not in str(file)]
    assert outside == []
    minio.stop()
    minio.start()  # it empties its trash every five minutes, and as it starts
    gone = lambda: not any(holds(file, sealed) for file in minio.folder.rglob("*"))  # noqa: E731
    wait_until(gone, EMPTIED_S_MAX, "MinIO keeps what was deleted")
    assert not holds(server.folder / "server.log", CANARIES)

    own.ask("vacuum", "checkpoint")
    assert own.files_with(CANARIES[:2], "base"), "VACUUM overwrites nothing: then this is told wrongly"
    own.ask("vacuum full", "checkpoint")
    assert own.files_with(CANARIES[:2], "base") == []
    assert own.files_with(CANARIES[:2], "pg_wal"), "recycled files are written over later: told wrongly"
    own.ask("alter system set wal_recycle = off", "select pg_reload_conf()")
    for _ in range(3):
        own.ask("select pg_switch_wal()", "checkpoint")
    assert own.files_with(CANARIES[:2], "") == []


def stored(minio: MinioServer, bucket: str) -> list[bytes]:
    """From the middle of every object, as it is sealed."""
    client = s3_client(minio.address(bucket), ROOT)
    found = []
    for one in client.list_objects(bucket, recursive=True):
        assert one.object_name is not None
        with client.get_object(bucket, one.object_name) as answer:
            data = answer.read()
        found.append(data[len(data) // 2 :][:WINDOW])
    assert found
    return found


def test_samples_that_were_taken_before_are_dropped(server: PostgresServer) -> None:
    """A database of an earlier version has them: the migration forgets them, of every column of words."""
    own = Own(server)
    columns = [(name, column) for one in (WORDS, RECORD) for name, listed in one.items() for column in listed]
    own.ask(
        "set session_replication_role = replica",
        "insert into holds (id, session_id, kind, reason, owner, placed_at, review_at) select "
        "'h' || i, 's', 'legal', 'said', 'said', now(), now() from generate_series(1, 9) i",
        *(f'alter table {name} alter column "{column}" set statistics -1' for name, column in columns),
        "analyze",
        "drop table session_summaries, exam_counts, copy_compared, ledger_blocks",
        "alter table evidence_units drop column unsigned",
        "alter table ledger_replay drop column through",
        "update alembic_version set version_num = '0025'",
    )
    sampled = "select attname from pg_stats where tablename = 'holds' and attname in ('reason', 'owner')"
    assert len(own.ask(sampled)) == 2
    database = Database(own.url)
    assert upgrade(database)
    database.close()
    own.ask("analyze")
    assert own.ask(sampled) == []
    without = own.ask(
        "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
        "where attstattarget = 0 and attnum > 0 and not attisdropped and relkind = 'r' "
        "and relnamespace = 'public'::regnamespace"
    )
    assert set(columns) == set(without)
