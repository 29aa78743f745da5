"""The ledger as a Merkle tree, to make proofs from: no entry is read for the roots of blocks that are known.

The roots of full blocks are kept. Whether they are right the signed head of the ledger tells: with a wrong
one the tree has another root, and all are made anew.
"""

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.rows import EntryRow
from proctoring.proofs.rows import BlockRow
from proctoring.tolerant import as_it_stands
from storage.proofs.block_tree import BLOCK_LEAVES, BlockTree
from storage.proofs.checkpoint import Checkpoint
from storage.proofs.tree import Tree

log = structlog.get_logger()


def ledger_tree(db: Db, signed: Checkpoint) -> BlockTree:
    """The tree of the entries that this head of the ledger is signed over. Keeps the roots of blocks that
    have become full."""
    tree = _tree(db, signed.size)
    if tree.root() != signed.root:
        log.error("ledger.block_not_ours")
        db.execute(delete(BlockRow))
        tree = _tree(db, signed.size)
    return tree


def _tree(db: Db, size: int) -> BlockTree:
    column = BlockRow.__table__.c.root
    known: dict[int, object] = dict(db.execute(select(BlockRow.id, as_it_stands(column))).all())
    roots = []
    for number in range(-(-size // BLOCK_LEAVES)):
        root = known.get(number)
        if not isinstance(root, bytes):
            root = Tree(_leaves(db, number)).root()
            if (number + 1) * BLOCK_LEAVES <= size:
                db.merge(BlockRow(id=number, root=root))
        roots.append(root)
    return BlockTree(size, roots, lambda number: _leaves(db, number))


def _leaves(db: Db, number: int) -> list[bytes]:
    first = number * BLOCK_LEAVES
    mine = EntryRow.number > first, EntryRow.number <= first + BLOCK_LEAVES
    hashes = select(EntryRow.hash).where(*mine).order_by(EntryRow.number)
    return [bytes.fromhex(one) for one in db.scalars(hashes)]
