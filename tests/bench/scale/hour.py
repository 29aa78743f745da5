"""Bytes of the database for an hour of a candidate, living and erased, by table; and what registering costs.

`python -m tests.bench.scale.hour`: SESSIONS candidates record three streams at once, with segments of 4 s and
a signed head every 30 s. Bytes are of tables and indexes together, without what an empty database has.
"""

import argparse
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from time import process_time

from sqlalchemy import text

from proctoring.exams.model import Stream
from proctoring.recordings import ending, ordinary_leaves
from proctoring.recordings.leaves import SealedSegment
from tests.support import postgres
from tests.support.packages import checkpoints
from tests.support.world import SEGMENT_MS, World

SESSIONS = 12
SEGMENTS_A_STREAM = 900
HEAD_EVERY = 8  # segments: about 30 s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--segments", type=int, default=SEGMENTS_A_STREAM)
    arguments = parser.parse_args()
    for kind in ("sqlite", "postgresql"):
        url = postgres.server().fresh() if kind == "postgresql" else None
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), database_url=url)
            measure(world, kind, arguments.sessions, arguments.segments)
            world.core.db.close()
    postgres.stop()


def measure(world: World, kind: str, sessions: int, segments: int) -> None:
    before = sizes(world)
    cost_ms = record(world, sessions, segments)
    show(f"{kind}, living; {cost_ms:.3f} ms of CPU a segment registered", sizes(world) - before, sessions)
    world.clock.move(days=400)
    started = process_time()
    assert all(outcome.certificate_id for outcome in world.eraser.run())
    cost_ms = (process_time() - started) * 1000 / sessions
    show(f"{kind}, erased; {cost_ms:.1f} ms of CPU a session", sizes(world) - before, sessions)


def record(world: World, sessions: int, segments: int) -> float:
    """CPU in milliseconds for each segment that is registered."""
    exam = world.exam()
    admitted = [world.admitted(exam) for _ in range(sessions)]
    begun = [world.begin(session, stream) for session in admitted for stream in Stream]
    job, spent_s = checkpoints(world, world.folder / "copy"), 0.0
    for seq in range(segments):
        at = world.clock.unix_ms
        one = {
            take.take.id: SealedSegment(
                seq, f"{seq:032x}" + take.take.id.encode().hex(), 345_678, at, SEGMENT_MS
            )
            for take in begun
        }
        started = process_time()
        with world.core.db.begin() as db:
            ordinary_leaves.register_all(db, world.core, one)
        spent_s += process_time() - started
        world.clock.now += timedelta(milliseconds=SEGMENT_MS)
        if seq % HEAD_EVERY == HEAD_EVERY - 1:
            job.run()
            vacuum(world)
    for take in begun:
        world.end(take)
    for session in admitted:
        with world.core.db.begin() as db:
            ending.finish(db, world.core, session.id)
    job.run()
    return spent_s * 1000 / segments / len(begun)


def vacuum(world: World) -> None:
    """As PostgreSQL does by itself every minute, which the tests' server does not."""
    engine = world.core.db.engine.execution_options(isolation_level="AUTOCOMMIT")
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            connection.execute(text("vacuum"))


def sizes(world: World) -> Counter[str]:
    """Bytes by table or index."""
    vacuum(world)
    engine = world.core.db.engine
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(text("select name, sum(pgsize) from dbstat group by name")).all()
        else:
            rows = connection.execute(
                text(
                    "select relname, pg_relation_size(c.oid) from pg_class c "
                    "join pg_namespace n on n.oid = relnamespace "
                    "where relkind in ('r', 'i', 't') and nspname in ('public', 'pg_toast')"
                )
            ).all()
    return Counter({row[0]: int(row[1]) for row in rows})


def show(title: str, found: Counter[str], sessions: int) -> None:
    print(f"\n{title}: {sum(found.values()) / sessions / 1000:.1f} kB a candidate hour")
    for name, size in found.most_common(14):
        print(f"  {size / sessions / 1000:8.2f} kB  {name}")


if __name__ == "__main__":
    main()
