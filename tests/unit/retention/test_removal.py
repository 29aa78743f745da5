"""Rows of what was recorded go with it, in pieces, and whoever reads an erased session finds what stays."""

from collections import Counter

import pytest
from sqlalchemy import select, update

from proctoring.custody.rows import CheckpointRow
from proctoring.exams.model import Stream
from proctoring.privacy.service import own_recording
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults
from proctoring.proofs.tables import METADATA
from proctoring.recordings import ending
from proctoring.recordings.length import length_ms
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.timeline import timeline
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.units.rows import UnitRow
from retention import removal
from storage.proofs.checkpoint import unit_of
from tests.support.packages import checkpoints
from tests.support.world import World

STAYS = {
    "sessions": 1,
    "evidence_units": len(Stream),
    "erasure_certificates": len(Stream),
    "session_summaries": 1,
    "exam_records": 1,
    "checkpoints": len(Stream),
}
"""Rows of an erased session about which nobody decided anything, besides the ledger's."""


def rows_of(world: World, session: Session) -> Counter[str]:
    """How many rows each table has that names the session or a unit of it, the ledger left out."""
    found: Counter[str] = Counter()
    with world.core.db.read() as db:
        units = set(db.scalars(select(UnitRow.id).where(UnitRow.session_id == session.id)))
        for table in METADATA.tables.values():
            for name in ("session_id", "unit_id"):
                if name in table.c and table.name != "custody_entries":
                    wanted = units if name == "unit_id" else {session.id}
                    found[table.name] = sum(one in wanted for one in db.scalars(select(table.c[name])))
                    break
        found["sessions"] = sum(one == session.id for one in db.scalars(select(SessionRow.id)))
        origins = db.scalars(select(CheckpointRow.origin))
        found["checkpoints"] = sum(unit_of(one) in units for one in origins)
    return +found


def erase(world: World) -> None:
    world.clock.move(days=400)
    assert all(outcome.certificate_id for outcome in world.eraser.run())


def faults(world: World) -> list[object]:
    with world.core.db.read() as db:
        return [*ledger_faults(db, world.signer.public), *compare_all_rows(db).faults]


def recorded(world: World) -> Session:
    """A session whose manifests were signed twice while they grew."""
    session, job = world.admitted(), checkpoints(world)
    for stream in Stream:
        begun, start = world.begin(session, stream), world.clock.unix_ms
        for seq in range(3):
            world.store(begun, seq, start + seq * 4000)
            job.run()
        world.end(begun)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        return ending.finish(db, world.core, session.id)


def test_nothing_but_the_listed_rows_stays(world: World) -> None:
    """Every table that names a session or a unit is walked: of an erased session only STAYS and the ledger
    are left, with one signed head a manifest, and every proof agrees."""
    session = recorded(world)
    erase(world)
    assert rows_of(world, session) == STAYS
    assert faults(world) == []
    with world.core.db.read() as db:
        units = db.scalars(select(UnitRow).where(UnitRow.session_id == session.id)).all()
        assert {(unit.manifest_size, unit.public_key, unit.key_tag) for unit in units} == {(3, b"", None)}


def test_pages_of_an_erased_session_say_how_long_it_was(world: World) -> None:
    """Length, lengths of the streams, the instant of the erasure and the certificate are what they were, when
    the takes that they followed from are gone."""
    session = recorded(world)
    with world.core.db.read() as db:
        length, line = length_ms(db, session.id), timeline(db, session.id)
        own = own_recording(db, world.core, session.id)
    assert length > 0
    erase(world)
    with world.core.db.read() as db:
        assert length_ms(db, session.id) == length
        after, own_after = timeline(db, session.id), own_recording(db, world.core, session.id)
    assert after.duration_ms == line.duration_ms
    assert [(s.takes, s.segments, s.gaps) for s in after.streams] == [((), (), ())] * len(Stream)
    assert [one.recorded_ms for one in own_after.stored] == [one.recorded_ms for one in own.stored]
    assert all(one.erased_at and one.certificate_id for one in own_after.stored)


def test_rows_that_an_earlier_version_left_go_with_a_later_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased without removal, as before: the next pass removes the rows, and nothing contradicts before or
    after."""
    session = recorded(world)
    with monkeypatch.context() as earlier:
        earlier.setattr("retention.erase.remove_rows", lambda *_: 0)
        earlier.setattr("retention.erase.remove_rows_left", lambda *_: 0)
        erase(world)
    assert rows_of(world, session)["segments"] == 9
    assert faults(world) == []
    world.eraser.run()
    assert rows_of(world, session) == STAYS
    assert faults(world) == []
    world.eraser.run()


def test_rows_alone_make_nothing_erased(world: World) -> None:
    """Whoever writes in the rows of living evidence that it was erased gets no row of it removed."""
    session = recorded(world)
    with world.core.db.begin() as db:
        db.execute(update(UnitRow).values(state="erased"))
        db.execute(update(TakeRow).values(sealed_key=None))
    before = rows_of(world, session)
    world.eraser.run()
    left = rows_of(world, session)
    assert left["erasure_stops"] == 1
    assert {name: left[name] for name in before} == before


def test_many_rows_go_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction removes more rows than it may, and one that was killed in between is gone on with."""
    session = recorded(world)
    pieces: list[int] = []
    whole = removal._remove_some

    def counting(db: object, unit_id: str) -> int:
        pieces.append(whole(db, unit_id))  # type: ignore[arg-type]
        if len(pieces) == 2:
            raise RuntimeError("killed")
        return pieces[-1]

    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(removal, "_remove_some", counting)
    world.clock.move(days=400)
    assert sum(outcome.failure is not None for outcome in world.eraser.run()) == 1
    world.eraser.run()
    assert max(pieces) == 2
    assert rows_of(world, session) == STAYS
    assert faults(world) == []
