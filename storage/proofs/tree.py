"""Merkle trees of RFC 6962 (section 2.1) with the proofs of RFC 9162: inclusion and consistency.

An inclusion proof shows that a leaf is in a tree, a consistency proof that one tree is the beginning of
another. A leaf's data here is the 32-byte chain hash of a manifest leaf or a custody entry. That hash covers
the leaf and everything before it. Pure: no keys, no files.
"""

import hashlib
from collections.abc import Iterable, Sequence

from storage.errors import Refused

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, section 2.1: hashes of leaves and of nodes never look alike."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees of a growing tree: all that is needed to append and to know its root."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if len(self.peaks) != size.bit_count():
            raise Refused("wrong-frontier", f"a tree of {size} leaves has {size.bit_count()} full subtrees")

    def append(self, data: bytes) -> None:
        """Append a leaf."""
        node, level = leaf_hash(data), self.size
        while level & 1:
            node = node_hash(self.peaks.pop(), node)
            level >>= 1
        self.peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree's hash, MTH of RFC 6962."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Tree:
    """A whole tree in memory, to make proofs from. 64 bytes a leaf."""

    def __init__(self, data: Sequence[bytes]) -> None:
        self._grow([leaf_hash(one) for one in data])

    @classmethod
    def of_nodes(cls, nodes: Sequence[bytes]) -> "Tree":
        """The tree over the roots of subtrees of one size, of which the last may be smaller."""
        tree = cls.__new__(cls)
        tree._grow(list(nodes))
        return tree

    def _grow(self, nodes: list[bytes]) -> None:
        self._levels = [nodes]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            nodes = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
            self._levels.append(nodes + below[len(below) - len(below) % 2 :])

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def root(self) -> bytes:
        """See Frontier."""
        return self._levels[-1][0] if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of a leaf, from the bottom up (RFC 9162, section 2.1.3.1)."""
        if not 0 <= index < self.size:
            raise Refused("no-such-leaf", f"a tree of {self.size} leaves has no leaf {index}")
        path = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                path.append(level[index ^ 1])
            index >>= 1
        return path

    def consistency(self, size: int) -> list[bytes]:
        """The proof that the first `size` leaves were a tree before (RFC 9162, section 2.1.4.1)."""
        if not 0 < size <= self.size:
            raise Refused("no-such-tree", f"a tree of {self.size} leaves has no beginning of {size}")
        return self._subproof(size, 0, self.size, whole=True)

    def _subproof(self, size: int, low: int, high: int, whole: bool) -> list[bytes]:
        if size == high - low:
            return [] if whole else [self._hash(low, high)]
        middle = _split(high - low)
        if size <= middle:
            return [*self._subproof(size, low, low + middle, whole), self._hash(low + middle, high)]
        return [*self._subproof(size - middle, low + middle, high, False), self._hash(low, low + middle)]

    def _hash(self, low: int, high: int) -> bytes:
        width = high - low
        if width.bit_count() == 1 and low % width == 0:
            return self._levels[width.bit_length() - 1][low // width]
        middle = _split(width)
        return node_hash(self._hash(low, low + middle), self._hash(low + middle, high))


def check_inclusion(data: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162, section 2.1.3.2. Raises Refused `not-in-tree`."""
    if not 0 <= index < size:
        raise Refused("not-in-tree", f"a tree of {size} leaves has no leaf {index}")
    node, last, computed = index, size - 1, leaf_hash(data)
    for sibling in path:
        if last == 0:
            raise Refused("not-in-tree", "the path is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last or computed != root:
        raise Refused("not-in-tree", f"leaf {index} is not in the tree of this root")


def check_consistency(old_size: int, old: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162, section 2.1.4.2. Raises Refused `rewritten`."""
    if not 0 < old_size <= size:
        raise Refused("rewritten", f"{old_size} leaves are no beginning of {size}")
    path = [old, *proof] if old_size.bit_count() == 1 else list(proof)
    if old_size == size:
        path = [] if proof else [old]
    if not path:
        raise Refused("rewritten", "the proof is too short or too long")
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused("rewritten", "the proof is too long")
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    if (first, second) != (old, root) or (last and old_size != size):
        raise Refused("rewritten", f"the tree of {size} leaves does not begin with the one of {old_size}")


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)
