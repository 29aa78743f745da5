"""The form of a segment's row: small, and the same leaf as before it was small."""

import hashlib

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as Db

from proctoring.exams.model import Stream
from proctoring.migrations import upgrade
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.rows import SegmentRow, TakeRow, leaves, stored
from proctoring.recordings.timeline import refs
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow
from tests.support.world import SEGMENT_MS, World

ROW_BYTES_MAX = 190
"""A row of `segments` with all indexes, in pages of SQLite as they are filled by streams side by side."""
SEGMENTS = 1_000
OLD = """
create table segments (
  unit_id varchar not null references evidence_units (id), position integer not null,
  take_id varchar not null references takes (id), seq integer not null,
  object_key varchar not null unique, ct_sha256 varchar not null, ct_len integer not null,
  media_type varchar not null, start_ms bigint not null, duration_ms bigint not null,
  received_at {instant} not null, late boolean not null, prev varchar not null, leaf_hash varchar not null,
  constraint pk_segments primary key (unit_id, position), unique (take_id, seq)
)
"""
"""As revision 0033 had it."""
PAGES = """
select sum(pgsize) from dbstat
where name in (select name from sqlite_schema where tbl_name = 'segments')
"""


def old_form(db: Db, is_sqlite: bool) -> None:
    """Writes the segments as an earlier version had them, and says that this is one of it."""
    old = []
    for unit_id in db.scalars(select(UnitRow.id)).all():
        rows = stored(db, unit_id)
        for row, leaf in zip(rows, leaves(rows), strict=True):
            told = leaf.fields() | {"unit_id": leaf.unit, "take_id": leaf.take, "position": row.position}
            told |= {"late": row.of.late, "leaf_hash": row.leaf_hash}
            at = row.received_at
            told["received_at"] = f"{at:%Y-%m-%d %H:%M:%S.%f}" if is_sqlite else at
            old.append({name: told[name] for name in told if name not in ("v", "unit", "take")})
    db.expunge_all()
    db.execute(text("drop table segments"))
    db.execute(text(OLD.format(instant="datetime" if is_sqlite else "timestamptz")))
    names = list(old[0])
    values = ", ".join(f":{name}" for name in names)
    db.execute(text(f"insert into segments ({', '.join(names)}) values ({values})"), old)
    db.execute(text("alter table takes drop column last_seq"))
    for table in ("copy_compared", "ledger_blocks"):
        db.execute(text(f"drop table {table}"))
    db.execute(text("drop index ix_evidence_units_unsigned"))
    db.execute(text("alter table evidence_units drop column unsigned"))
    db.execute(text("alter table ledger_replay drop column through"))
    db.execute(text("update alembic_version set version_num = '0033'"))


def test_a_row_is_small(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of three streams side by side, whose identifiers and hashes are as random as real ones."""
    world = World(tmp_path_factory.mktemp("small"))
    session = world.admitted()
    takes = [world.begin(session, stream).take for stream in Stream]
    with world.core.db.begin() as db:
        for position in range(SEGMENTS):
            rows = [
                {
                    "unit_id": take.unit_id,
                    "position": position,
                    "take": 1,
                    "seq": position,
                    "ct_sha256": hashlib.sha256(f"{take.id}{position}".encode()).hexdigest(),
                    "ct_len": 345_678,
                    "start_ms": position * SEGMENT_MS,
                    "duration_ms": SEGMENT_MS,
                    "received_at": world.clock(),
                    "leaf_hash": hashlib.sha256(f"{position}{take.id}".encode()).hexdigest(),
                }
                for take in takes
            ]
            db.execute(insert(SegmentRow), rows)
    with world.core.db.read() as db:
        try:
            used = db.scalar(text(PAGES))
        except OperationalError:
            pytest.skip("this SQLite has no dbstat")
    world.core.db.close()
    assert used / (SEGMENTS * len(Stream)) <= ROW_BYTES_MAX


def test_an_earlier_database_keeps_every_leaf(world: World) -> None:
    """After the migration leaves, hashes, keys of objects and heads are those of before, byte for byte; the
    segments of an erased unit are not taken along."""
    erased = world.ended()
    world.clock.move(days=400)
    session = world.admitted()
    begun = world.begin(session)
    for seq in (0, 1, 3):
        world.store(begun, seq, world.clock.unix_ms + seq * SEGMENT_MS)
    with world.core.db.begin() as db:
        before = leaves(stored(db, begun.take.unit_id))
        opened = refs(db, session.id, UnitKind.WEBCAM)
        old_form(db, db.get_bind().dialect.name == "sqlite")
        db.execute(text(f"update evidence_units set state = 'erased' where session_id = '{erased.id}'"))
    assert upgrade(world.core.db)
    with world.core.db.begin() as db:
        db.execute(text(f"update evidence_units set state = 'retained' where session_id = '{erased.id}'"))
    with world.core.db.read() as db:
        assert leaves(stored(db, begun.take.unit_id)) == before
        assert refs(db, session.id, UnitKind.WEBCAM) == opened
        assert db.get_one(TakeRow, begun.take.id).last_seq == 3
        assert set(db.scalars(select(SegmentRow.unit_id))) == {begun.take.unit_id}
    assert not upgrade(world.core.db)


def test_an_earlier_database_agrees_with_its_proofs(world: World) -> None:
    """Ledger, manifests, and rows: nothing that agreed before contradicts after the migration."""
    world.ended()
    with world.core.db.begin() as db:
        old_form(db, db.get_bind().dialect.name == "sqlite")
    assert upgrade(world.core.db)
    with world.core.db.read() as db:
        assert [*ledger_faults(db, world.signer.public), *compare_all_rows(db).faults] == []


def test_a_segment_that_comes_again_or_late_is_known_by_its_number(world: World) -> None:
    """One that is registered keeps its place; one that was left out before is appended once."""
    session = world.admitted()
    begun, at = world.begin(session), world.clock.unix_ms
    positions = [world.store(begun, seq, at + seq * SEGMENT_MS) for seq in (0, 2, 3)]
    left_out = world.store(begun, 1, at + 4 * SEGMENT_MS)
    assert (positions, left_out) == ([0, 1, 2], 3)
    with world.core.db.begin() as db:
        for seq, position in ((0, 0), (1, 3), (2, 1), (3, 2)):
            assert not recordings.wants(db, begun.take.unit_id, begun.take.id, seq)
            again = SealedSegment(seq, "0" * 64, 1, at, SEGMENT_MS)
            assert recordings.register(db, world.core, begun.take.id, again) == position
        assert recordings.wants(db, begun.take.unit_id, begun.take.id, 4)
        assert len(stored(db, begun.take.unit_id)) == 4
