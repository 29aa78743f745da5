"""The ledger's tree: blocks that are known are not read again, and a wrong one proves nothing false."""

import pytest
from sqlalchemy import func, select, update

from proctoring.proofs import checkpoints, ledger_tree
from proctoring.proofs.rows import BlockRow
from storage.proofs import block_tree
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint
from storage.proofs.tree import Tree
from tests.support import packages
from tests.support.statements import sent
from tests.support.world import World

LEAVES = 4


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ledger_tree, block_tree):
        monkeypatch.setattr(module, "BLOCK_LEAVES", LEAVES)


def signed(world: World) -> Checkpoint:
    """The ledger's newest head, after a session."""
    world.ended()
    packages.checkpoints(world).run()
    with world.core.db.read() as db:
        newest = checkpoints.last(db, LEDGER_ORIGIN)
    assert newest is not None
    return read_checkpoint(newest.note, world.signer.public)


def entries_asked_for(world: World, head: Checkpoint) -> int:
    """In how many statements the tree of this head, which is the whole tree's, asks for entries."""
    with world.core.db.begin() as db:
        whole = Tree([bytes.fromhex(one) for one in db.scalars(checkpoints.ledger_hashes())][: head.size])
        with sent(world.core.db) as statements:
            tree = ledger_tree.ledger_tree(db, head)
        assert tree.root() == whole.root() == head.root
        assert tree.inclusion(head.size - 1) == whole.inclusion(head.size - 1)
        assert tree.consistency(1) == whole.consistency(1)
    return sum("FROM custody_entries" in one for one, _ in statements)


def test_a_block_that_is_full_is_read_once(world: World) -> None:
    """Afterwards the entries of the last block alone are, and those of blocks that have come."""
    first = signed(world)
    assert entries_asked_for(world, first) == -(-first.size // LEAVES) > 2
    assert entries_asked_for(world, first) <= 1
    second = signed(world)
    come = second.size // LEAVES - first.size // LEAVES
    assert entries_asked_for(world, second) <= come + 1


def test_an_edited_block_is_made_anew(world: World) -> None:
    """The tree is right all the same, and so is what is kept then."""
    head = signed(world)
    entries_asked_for(world, head)
    with world.core.db.begin() as db:
        db.execute(update(BlockRow).where(BlockRow.id == 1).values(root=b"x" * 32))
    assert entries_asked_for(world, head) > 2
    assert entries_asked_for(world, head) <= 1
    with world.core.db.read() as db:
        assert db.scalar(select(func.count()).select_from(BlockRow)) == head.size // LEAVES
