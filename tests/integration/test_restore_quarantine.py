"""A database put back to an old backup serves nothing, and is made whole from its copied proofs."""

import pytest
from sqlalchemy import select, update

from proctoring.casework import procedures, results
from proctoring.custody.rows import CertificateRow
from proctoring.errors import Conflict, Invalid, Quarantined, Unavailable
from proctoring.exams.model import Stream
from proctoring.holds.rows import HoldRow
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.tables import METADATA
from proctoring.recordings import ending
from proctoring.recordings.rotation import Rotation
from proctoring.restore.compare import CopyWatch
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.shred import Shredder
from tests.integration.put_back import faults, hold, operations, published, states
from tests.support.life import check_life
from tests.support.logs import event, exam_with_logs, write
from tests.support.packages import export
from tests.support.restore import Operations, back_up
from tests.support.world import ADMIN, World

__all__ = ["operations"]


def test_a_whole_database_is_never_in_quarantine(operations: Operations) -> None:
    """Nor is one that was just backed up and put back: nothing is missing."""
    world = operations.world
    assert not operations.look()
    session = world.ended(published(world))
    hold(world, session)
    operations.checkpoints().run()
    assert not operations.look()
    back_up(world).put_back()
    assert not operations.look()
    assert not operations.quarantined()
    world.clock.move(days=200)
    world.new_eraser().run()


def test_what_is_another_session_s_by_now_is_not_erased_again(operations: Operations) -> None:
    """The signed proof names unit and session: of a unit that rows give to another one nothing goes."""
    world = operations.world
    erased = world.ended(published(world))
    other = world.ended(world.exam(streams=(Stream.WEBCAM,)))
    operations.checkpoints().run()
    backup = back_up(world)
    world.clock.move(days=20)
    world.new_eraser().run()
    assert states(world, erased) == {"erased"}
    operations.checkpoints().run()
    backup.put_back()
    with world.core.db.begin() as db:
        mine = UnitRow.session_id == erased.id, UnitRow.kind == "phone"
        db.execute(update(UnitRow).where(*mine).values(session_id=other.id))
    done = operations.replay()
    assert (len(done.failures), done.erased) == (1, 2)
    assert other.id in done.failures[0]
    assert states(world, other) == {"retained"}


@pytest.mark.promise("P7")
@pytest.mark.promise("P8")
@pytest.mark.promise("P9")
@pytest.mark.promise("P13")
def test_what_was_erased_and_held_since_the_backup_is_so_again(operations: Operations) -> None:
    """The whole way: noticed, nothing served or erased, replayed, lifted with a reason, told."""
    world = operations.world
    exam = published(world)
    erased, held, freed = world.ended(exam), world.ended(exam), world.ended(exam)
    old = hold(world, freed)
    operations.checkpoints().run()
    backup = back_up(world)

    kept = hold(world, held)
    with world.core.db.begin() as db:
        procedures.release(db, world.core, ADMIN, old)
    world.clock.move(days=200)
    world.new_eraser().run()
    assert states(world, erased) == states(world, freed) == {"erased"}
    operations.checkpoints().run()
    with world.core.db.read() as db:
        certificates = set(db.scalars(select(CertificateRow.body)))
    backup.put_back()
    assert states(world, erased) == {"retained"}
    assert {"erasure.undone", "tree.rolled_back"} <= set(faults(operations))

    found = operations.look()
    assert operations.quarantined()
    assert len(found.erasures) == 6
    assert ([act.hold for act in found.holds], [act.hold for act in found.releases]) == ([kept], [old])
    with pytest.raises(Quarantined):
        world.new_eraser().run()
    with pytest.raises(Quarantined):
        operations.checkpoints().run()
    with pytest.raises(Quarantined):
        export(world, held, world.folder / "package")
    with pytest.raises(Quarantined):
        Rotation(world.core, world.opener, world.keys, EpochGuard(world.core)).run()
    with pytest.raises(Quarantined):
        world.begin(world.admitted(exam))
    with pytest.raises(Conflict, match="still missing"):
        operations.lift()
    assert operations.quarantined()

    done = operations.replay()
    assert (done.holds, done.releases, done.erased, done.decided, done.failures) == (1, 1, 6, 0, ())
    assert operations.replay() == type(done)()  # nothing is left to do
    with pytest.raises(Invalid):
        operations.lift("")
    operations.lift()
    assert not operations.look()
    assert not operations.quarantined()
    assert states(world, erased) == states(world, freed) == {"erased"}
    assert states(world, held) == {"retained"}
    with world.core.db.read() as db:
        assert set(db.scalars(select(CertificateRow.body))) == certificates
        row = db.get_one(HoldRow, kept)
        assert (row.released_at, row.review_at) == (None, world.clock())
    operations.checkpoints().run()
    check_life(world, world.objects)
    assert faults(operations) == []
    world.new_eraser().run()
    assert states(world, held) == {"retained"}


def rows_about(world: World, session: Session) -> dict[str, list[dict[str, object]]]:
    """Every row about the session outside the ledger, without the ids that each erasure draws anew."""
    told = {"custody_entries", "replayed_sessions"}
    found: dict[str, list[dict[str, object]]] = {}
    with world.core.db.read() as db:
        mine = list(db.scalars(select(UnitRow.id).where(UnitRow.session_id == session.id)))
        for table in METADATA.sorted_tables:
            columns = table.c
            if table.name in told or not {"session_id", "unit_id"} & set(columns.keys()):
                continue
            which = columns.session_id == session.id if "session_id" in columns else columns.unit_id.in_(mine)
            rows = db.execute(select(table).where(which).order_by(*table.primary_key)).mappings()
            found[table.name] = [{name: row[name] for name in row if name != "erase_id"} for row in rows]
    return found


@pytest.mark.promise("P7")
def test_an_erasure_done_again_leaves_what_the_first_one_left(operations: Operations) -> None:
    """Row by row once the quarantine is lifted, of a session with recordings and logs: keys, ids of events,
    all else."""
    world = operations.world
    exam = exam_with_logs(world)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    session = world.admitted(exam)
    world.record(session)
    write(world, session, "activity", [event(world.clock())])
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    operations.checkpoints().run()
    backup = back_up(world)
    world.clock.move(days=200)
    world.new_eraser().run()
    operations.checkpoints().run()
    left = rows_about(world, session)
    backup.put_back()
    operations.look()
    assert operations.replay().failures == ()
    operations.lift()
    world.new_eraser().run()
    assert rows_about(world, session) == left
    assert left["logged_events"] == []


def test_an_erasure_that_was_only_decided_is_finished_after_lifting(operations: Operations) -> None:
    """Its certificate never left the host: the key goes again, and the next pass does the rest."""
    world = operations.world
    session = world.ended(published(world))
    operations.checkpoints().run()
    backup = back_up(world)
    world.clock.move(days=200)
    world.new_eraser().run()
    backup.put_back()
    done = operations.replay()
    assert (done.erased, done.decided) == (0, 3)
    assert states(world, session) == {UnitState.ERASING.value}
    operations.lift()
    world.new_eraser().run()
    assert states(world, session) == {"erased"}
    check_life(world, world.objects)


def test_a_bucket_that_was_restored_too_is_emptied_again(operations: Operations) -> None:
    """The objects of an erased unit came back with it: nothing of them is left after the replay."""
    world = operations.world
    session = world.ended(published(world))
    with world.core.db.read() as db:
        unit = db.scalars(select(UnitRow.id).where(UnitRow.session_id == session.id)).first()
    assert unit is not None
    saved = {one.key: world.objects.get(one.key) for one in world.objects.versions(f"u/{unit}/")}
    backup = back_up(world)
    world.clock.move(days=200)
    world.new_eraser().run()
    operations.checkpoints().run()
    backup.put_back()
    for key, data in saved.items():
        world.objects.put(key, data)
    operations.replay()
    assert Shredder(world.objects).is_gone(unit)


def test_a_copy_that_is_away_stops_a_start_but_no_service(operations: Operations) -> None:
    """A process that has never compared must not serve; one that has goes on with what it knew."""
    world = operations.world
    world.ended(published(world))
    watch = operations.watch()
    assert not watch.look()  # nothing was ever copied: a first start
    operations.checkpoints().run()
    assert not watch.look()
    operations.copy.rename(operations.copy.with_name("moved"))
    for one in (watch, operations.watch()):
        with pytest.raises(Unavailable, match="cannot be read"):
            one.look()
    assert not operations.quarantined()
    assert not CopyWatch(world.core, world.signer.public, None).look()
