"""The job that signs what has grown and copies it off the host."""

from pathlib import Path

import pytest
from sqlalchemy import update

from proctoring.exams.model import Stream
from proctoring.proofs.checkpoints import last, notes, unsigned_units
from proctoring.proofs.job import LedgerReplay
from proctoring.recordings.rows import leaves, stored
from proctoring.units.rows import UnitRow
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, read_checkpoint, unit_origin
from storage.proofs.tree import Tree
from storage.proofs.witness import ActCopy, CertificateCopy
from tests.support.packages import checkpoints
from tests.support.world import SEGMENT_MS, World


def sizes(world: World, origin: str) -> list[int]:
    with world.core.db.read() as db:
        return [read_checkpoint(note, world.signer.public, origin).size for note in notes(db, origin)]


@pytest.mark.promise("P13")
def test_a_manifest_is_signed_as_it_grows_and_at_its_end(world: World) -> None:
    """Each round signs what came since; a round with nothing new signs nothing; the root is that of the
    whole tree by definition."""
    session = world.admitted()
    begun = world.begin(session)
    origin = unit_origin(begun.take.unit_id)
    for seq in range(5):
        world.store(begun, seq, world.clock.unix_ms + seq * SEGMENT_MS)
        if seq != 2:
            assert checkpoints(world).run()[0] > 0
    assert checkpoints(world).run()[0] == 0
    assert sizes(world, origin) == [1, 2, 4, 5]
    with world.core.db.read() as db:
        hashes = [bytes.fromhex(leaf.hash()) for leaf in leaves(stored(db, begun.take.unit_id))]
        newest = read_checkpoint(notes(db, origin)[-1], world.signer.public)
    assert newest.root == Tree(hashes).root()
    world.end(begun)
    assert checkpoints(world).run()[0] == 1  # the ledger's own
    with world.core.db.read() as db:
        ledger = last(db, LEDGER_ORIGIN)
    assert ledger is not None
    assert ledger.copied_at is None


def test_what_was_signed_leaves_the_host_once(world: World, tmp_path: Path) -> None:
    """Every checkpoint, every erasure's decision and its certificate is a line of the copy; nothing is copied
    twice."""
    world.ended()
    copy = tmp_path / "copy"
    made, copied = checkpoints(world, copy).run()
    assert made == copied == len(Stream) + 1
    world.clock.move(days=200)
    world.eraser.run()
    assert checkpoints(world, copy).run() == (1, 1 + 2 * len(Stream))
    assert checkpoints(world, copy).run() == (0, 0)
    lines, broken = witness.read(copy)
    assert (len(lines), broken) == (made + 1 + 2 * len(Stream), 0)
    for kind in (CertificateCopy, ActCopy):
        assert sum(isinstance(line, kind) for line in lines) == len(Stream)


def test_a_copy_that_cannot_be_written_is_made_later(world: World, tmp_path: Path) -> None:
    """The round fails loudly, what was signed stays, and the next round copies all of it."""
    world.ended()
    folder = tmp_path / "away"
    with pytest.raises(OSError, match="away"):
        checkpoints(world, folder / "copy").run()
    folder.mkdir()
    assert checkpoints(world, folder / "copy").run() == (0, len(Stream) + 1)


def test_a_round_looks_at_the_manifests_that_grew(world: World) -> None:
    """What is signed is not asked for again, whatever else is stored; a mark that was taken off by hand is
    put back by the replay's round, and the head is signed then."""
    session = world.admitted()
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    checkpoints(world).run()
    with world.core.db.read() as db:
        assert unsigned_units(db) == []
    world.store(begun, 1, world.clock.unix_ms + SEGMENT_MS)
    with world.core.db.begin() as db:
        assert unsigned_units(db) == [begun.take.unit_id]
        db.execute(update(UnitRow).values(unsigned=False))
    checkpoints(world).run()
    assert sizes(world, unit_origin(begun.take.unit_id)) == [1]
    LedgerReplay(world.core, world.signer).run()
    checkpoints(world).run()
    assert sizes(world, unit_origin(begun.take.unit_id)) == [1, 2]
