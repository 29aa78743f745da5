"""A database put back to an old backup serves nothing, and is made whole from its copied proofs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from proctoring.casework import procedures, results
from proctoring.cli import main
from proctoring.custody.model import Action
from proctoring.custody.rows import CertificateRow
from proctoring.custody.service import enter, entries, head
from proctoring.errors import Conflict, Invalid, Quarantined, Unavailable
from proctoring.exams.model import Exam, Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import audit, restorations
from proctoring.proofs.copied_acts import ActCopier
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.restorations import declared
from proctoring.proofs.tables import METADATA
from proctoring.recordings import ending
from proctoring.recordings.rotation import Rotation
from proctoring.restore.compare import CopyWatch
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.shred import Shredder
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint
from storage.proofs.sign import Purpose, sign_body
from storage.proofs.witness import ActCopy, RestoredCopy
from tests.support import postgres
from tests.support.life import check_life
from tests.support.logs import event, exam_with_logs, write
from tests.support.packages import export
from tests.support.restore import Operations, back_up
from tests.support.world import ADMIN, World

LONG = 30  # entries; a restore alone enters fewer


@pytest.fixture(params=["sqlite", "postgres"])
def operations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Operations]:
    """A world whose proofs are copied to a file elsewhere, on each database."""
    url = postgres.server().fresh() if request.param == "postgres" else None
    (tmp_path / "elsewhere").mkdir()
    world = World(tmp_path, database_url=url, copy=tmp_path / "elsewhere" / "copy")
    yield Operations(world)
    world.core.db.close()
    if url is not None:
        postgres.server().drop(url)


def published(world: World) -> Exam:
    exam = world.exam()
    with world.core.db.begin() as db:
        return results.publish_results(db, world.core, ADMIN, exam.id, world.clock())


def hold(world: World, session: Session, kind: HoldKind = HoldKind.LEGAL) -> str:
    with world.core.db.begin() as db:
        return holds.place(db, world.core, ADMIN, session.id, kind, "a court asks").id


def states(world: World, session: Session) -> set[str]:
    with world.core.db.read() as db:
        return set(db.scalars(select(UnitRow.state).where(UnitRow.session_id == session.id)))


def size(world: World) -> int:
    with world.core.db.read() as db:
        return head(db)[0]


def faults(operations: Operations) -> list[str]:
    lines, broken = witness.read(operations.copy)
    assert broken == 0
    with operations.world.core.db.read() as db:
        codes = [fault.code for fault in audit(db, operations.world.signer.public, lines)]
        return [*codes, *(fault.code for fault in compare_all_rows(db).faults)]


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


@pytest.mark.promise("P13")
def test_the_ledger_goes_on_and_tells_of_the_break(operations: Operations) -> None:
    """Numbers go on without a hole; the entry names both heads, and whoever hides it is found."""
    world = operations.world
    world.ended(published(world))
    operations.checkpoints().run()
    kept = size(world)
    backup = back_up(world)
    world.ended()
    operations.checkpoints().run()
    lost = size(world)
    backup.put_back()
    operations.look()
    declared_break = operations.lift()
    loss = declared_break.losses[0]
    assert (loss.origin, loss.kept, loss.lost) == (LEDGER_ORIGIN, kept, lost)
    assert {one.kept for one in declared_break.losses[1:]} == {0}  # recordings that nobody here knows
    with world.core.db.read() as db:
        last = entries(db)[-1]
        assert (last.action, last.number) == (Action.LEDGER_RESTORED, head(db)[0])
        assert [one.detail["lost"] for one in restorations(db)] == [lost]
    for _ in range(3):
        world.ended()
        operations.checkpoints().run()
        assert faults(operations) == []
        assert not operations.look()
    lines, _ = witness.read(operations.copy)
    public = world.signer.public
    without = [line for line in lines if not isinstance(line, RestoredCopy)]
    with world.core.db.read() as db:
        codes = {one.code for one in audit(db, public, without)}
    assert {"restore.undeclared", "tree.rewritten"} <= codes
    # The key's holder declares a break that the ledger knows nothing of.
    body = declared_break.body().replace(declared_break.quarantine, "x" * 16)
    forged = RestoredCopy(body, sign_body(world.signer, Purpose.RESTORATION, body))
    with world.core.db.read() as db:
        assert "restore.undeclared" in {one.code for one in audit(db, public, [*lines, forged])}


def test_a_second_restore_to_before_the_first_is_whole_again_too(operations: Operations) -> None:
    """Decisions stay proven over a declared break, and a break that was lost is declared with the next."""
    world = operations.world
    session = world.ended(published(world))
    operations.checkpoints().run()
    backup = back_up(world)
    kept = hold(world, session)
    for _ in range(2):
        world.ended()
        operations.checkpoints().run()
        backup.put_back()
        operations.look()
        assert operations.quarantined()
        operations.replay()
        operations.lift()
        assert not operations.look()
        with world.core.db.read() as db:
            assert [one.id for one in holds.active(db)] == [kept]
        operations.checkpoints().run()
        assert faults(operations) == []
    lines, _ = witness.read(operations.copy)
    assert len(declared(lines, world.signer.public).restorations) == 1


def test_a_restored_database_that_went_on_is_found_too(operations: Operations) -> None:
    """Before anybody looked it grew beyond the lost head: it is another ledger all the same."""
    world = operations.world
    session = world.ended(published(world))
    operations.checkpoints().run()
    backup = back_up(world)
    hold(world, session)
    operations.checkpoints().run()
    backup.put_back()
    with world.core.db.begin() as db:
        for _ in range(50):
            enter(db, world.core.clock, ADMIN, Action.USER_LINK)
    assert operations.look().ledger
    operations.replay()
    operations.lift()
    operations.checkpoints().run()
    assert faults(operations) == []
    with world.core.db.read() as db:
        assert len(holds.active(db, session.id)) == 1


@pytest.mark.promise("P9")
def test_whoever_is_told_that_it_is_held_finds_it_in_the_copy(operations: Operations) -> None:
    """The line is there when the call returns, without any round of the job; so is an erasure's decision
    before its first object goes. Only a copy that cannot be written loses it, until it is back."""
    world = operations.world
    session, other = world.ended(published(world)), world.ended()
    placed = hold(world, session)
    lines = [line for line in witness.read(operations.copy)[0] if isinstance(line, ActCopy)]
    assert len(lines) == 1
    assert placed in lines[0].body
    away = operations.copy.parent.rename(operations.copy.parent.with_name("away"))
    second = hold(world, other)  # stands, although nothing could be copied
    away.rename(operations.copy.parent)
    assert ActCopier(world.core, world.signer, operations.copy).run() == 1
    assert second in witness.read(operations.copy)[0][-1].body  # type: ignore[union-attr]


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


def test_lines_that_we_did_not_sign_prove_nothing(operations: Operations) -> None:
    """Neither a forged hold nor a forged head brings a service down; they are counted."""
    world = operations.world
    world.ended(published(world))
    operations.checkpoints().run()
    note = Checkpoint(LEDGER_ORIGIN, 10_000, b"x" * 32).signed(World(world.folder / "another").signer)
    forged = note.replace("— ", "— ")[:-6] + "AAAA=\n"
    witness.append(operations.copy, [forged, ActCopy("{}", "00"), RestoredCopy("{}", "zz")])
    watch = operations.watch()
    assert not watch.look()
    assert watch.copied.unproven == 3
    assert not operations.quarantined()


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


@pytest.mark.promise("P13")
def test_a_package_of_the_lost_history_still_proves_what_it_says(operations: Operations) -> None:
    """It contradicts the copies that stand, and agrees with those that the signed declaration calls lost;
    without that declaration it is refused. A package made after the restore agrees with what stands."""
    world = operations.world
    session = world.ended(published(world))
    backup = back_up(world)
    before, after = world.folder / "before", world.folder / "after"
    while (of_then := export(world, session, before)).ledger_number < LONG:
        shutil.rmtree(before)
    operations.checkpoints().run()
    backup.put_back()
    operations.look()
    operations.replay()
    operations.lift()
    operations.checkpoints().run()
    assert size(world) < LONG
    while size(world) < of_then.ledger_number:
        with world.core.db.begin() as db:
            enter(db, world.core.clock, ADMIN, Action.USER_LINK)
        operations.checkpoints().run()
    export(world, session, after)
    operations.checkpoints().run()

    key = world.folder / "signing.pub"
    key.write_bytes(world.signer.public)

    def verify(package: Path, copy: Path) -> tuple[int, str]:
        words = ["verify", str(package), "--key", str(key), "--copy", str(copy)]
        done = CliRunner().invoke(main, words)
        return done.exit_code, done.output

    lost = "it agrees with the copies of a history that a later restore lost"
    code, said = verify(before, operations.copy)
    assert (code, lost in said) == (0, True), said
    code, said = verify(after, operations.copy)
    assert (code, lost in said) == (0, False), said
    undeclared = world.folder / "undeclared"
    lines, _ = witness.read(operations.copy)
    witness.append(undeclared, [line for line in lines if not isinstance(line, RestoredCopy)])
    code, said = verify(before, undeclared)
    assert code == 1
    assert [line.split()[1] for line in said.splitlines() if line.startswith("FAIL")] == ["custody.copies"]
