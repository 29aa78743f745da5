"""History of a database that was put back: the break is told, and what was signed is still proven."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from proctoring.cli import main
from proctoring.custody.model import Action
from proctoring.custody.service import enter, entries, head
from proctoring.holds import service as holds
from proctoring.proofs.chains import ledger_faults, restorations
from proctoring.proofs.copied_acts import ActCopier
from proctoring.proofs.restorations import declared
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint
from storage.proofs.sign import Purpose, sign_body
from storage.proofs.witness import ActCopy, RestoredCopy
from tests.integration.put_back import faults, hold, operations, published, size
from tests.support.packages import export
from tests.support.restore import Operations, back_up
from tests.support.world import ADMIN, World

__all__ = ["operations"]

LONG = 30  # entries; a restore alone enters fewer


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
        codes = {one.code for one in ledger_faults(db, public, without)}
    assert {"restore.undeclared", "tree.rewritten"} <= codes
    # The key's holder declares a break that the ledger knows nothing of.
    body = declared_break.body().replace(declared_break.quarantine, "x" * 16)
    forged = RestoredCopy(body, sign_body(world.signer, Purpose.RESTORATION, body))
    with world.core.db.read() as db:
        assert "restore.undeclared" in {one.code for one in ledger_faults(db, public, [*lines, forged])}


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
