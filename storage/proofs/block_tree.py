"""A Merkle tree of which only the roots of its blocks are in memory, to make proofs from.

A block is an aligned subtree of BLOCK_LEAVES leaves; the last one may be shorter. The leaves of a block are
read where a proof goes through it. Roots and proofs are those of `tree.Tree`.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from storage.errors import Refused
from storage.proofs.tree import Tree

BLOCK_LEAVES = 4096
BLOCKS_IN_MEMORY = 2


class BlockTree(Tree):
    """`roots`: of all blocks, in order. `leaves`: the data of a block's leaves, by its number."""

    def __init__(self, size: int, roots: Sequence[bytes], leaves: Callable[[int], Sequence[bytes]]) -> None:
        if len(roots) != -(-size // BLOCK_LEAVES):
            raise Refused("wrong-frontier", f"{size} leaves are not {len(roots)} blocks")
        self._size = size
        self._of_blocks = Tree.of_nodes(roots)
        self._block = lru_cache(BLOCKS_IN_MEMORY)(lambda number: Tree(leaves(number)))

    @property
    def size(self) -> int:
        return self._size

    def root(self) -> bytes:
        """See Frontier."""
        return self._of_blocks.root()

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of a leaf, from the bottom up (RFC 9162, section 2.1.3.1)."""
        if not 0 <= index < self.size:
            raise Refused("no-such-leaf", f"a tree of {self.size} leaves has no leaf {index}")
        block = index // BLOCK_LEAVES
        return [*self._block(block).inclusion(index % BLOCK_LEAVES), *self._of_blocks.inclusion(block)]

    def _hash(self, low: int, high: int) -> bytes:
        first = low // BLOCK_LEAVES
        begin = first * BLOCK_LEAVES
        if low == begin and (high - low >= BLOCK_LEAVES or high == self.size):
            return self._of_blocks._hash(first, -(-high // BLOCK_LEAVES))
        return self._block(first)._hash(low - begin, high - begin)
