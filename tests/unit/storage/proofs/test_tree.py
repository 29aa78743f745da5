"""Merkle trees: the roots of RFC 6962, and proofs that hold for what is so and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from storage.errors import Refused
from storage.proofs import block_tree
from storage.proofs.block_tree import BlockTree
from storage.proofs.tree import (
    EMPTY_ROOT,
    Frontier,
    Tree,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
)

# The leaves and roots that Certificate Transparency's own implementations are tested with.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
SIZE_MAX = 70


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH, word for word as RFC 6962, section 2.1 has it."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(by_definition(leaves[:k]), by_definition(leaves[k:]))


def grown(leaves: list[bytes]) -> Frontier:
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier


def data(size: int) -> list[bytes]:
    return [bytes([at]) * 32 for at in range(size)]


def test_roots_are_those_of_other_implementations() -> None:
    """Golden: whoever checks our checkpoints with other software gets the same hash."""
    for size, root in enumerate(ROOTS, start=1):
        assert grown(LEAVES[:size]).root().hex() == Tree(LEAVES[:size]).root().hex() == root


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=SIZE_MAX))
def test_roots_are_those_of_another_library(leaves: list[bytes]) -> None:
    """Of any leaves; what it makes of them at each size is what ours was at that size."""
    other = InmemoryTree(algorithm="sha256")
    for size, leaf in enumerate(leaves, start=1):
        other.append_entry(leaf)
        assert other.get_state() == grown(leaves[:size]).root()


@given(st.lists(st.binary(max_size=40), max_size=SIZE_MAX), st.data())
def test_a_tree_grown_in_pieces_is_the_tree_by_definition(leaves: list[bytes], pieces: st.DataObject) -> None:
    """Stopping anywhere and going on from the frontier changes nothing."""
    stop = pieces.draw(st.integers(0, len(leaves)))
    first = grown(leaves[:stop])
    rest = Frontier(first.size, first.peaks)
    for leaf in leaves[stop:]:
        rest.append(leaf)
    assert rest.root() == Tree(leaves).root() == by_definition(leaves)


def test_every_leaf_of_every_tree_has_its_proof_and_no_other() -> None:
    """All sizes, all places: the path holds there, and for no other leaf, place or size."""
    for size in range(1, 20):
        leaves = data(size)
        tree = Tree(leaves)
        for index in range(size):
            path = tree.inclusion(index)
            check_inclusion(leaves[index], index, size, path, tree.root())
            wrong: list[tuple[bytes, int, int, list[bytes]]] = [
                (b"other", index, size, path),
                (leaves[index], index, size, [*path, EMPTY_ROOT]),
                (leaves[index], size, size, path),
                *((leaves[index], other, size, path) for other in range(size) if other != index),
                *((leaves[index], index, size, path[:at] + path[at + 1 :]) for at in range(len(path))),
            ]
            for leaf, place, of, proof in wrong:
                with pytest.raises(Refused) as refused:
                    check_inclusion(leaf, place, of, proof, tree.root())
                assert refused.value.reason == "not-in-tree"


def test_every_beginning_of_a_tree_is_consistent_and_nothing_else_is() -> None:
    """All pairs of sizes; a changed leaf, root or proof is refused."""
    for size in range(1, 20):
        tree = Tree(data(size))
        for old in range(1, size + 1):
            root, proof = grown(data(old)).root(), tree.consistency(old)
            check_consistency(old, root, size, tree.root(), proof)
            other = grown([b"edited", *data(old)[1:]]).root()
            wrong = [(old, other, proof), (old, root, [*proof, EMPTY_ROOT]), (old, EMPTY_ROOT, proof)]
            wrong += [(old, root, proof[:at] + proof[at + 1 :]) for at in range(len(proof))]
            wrong += [(old + 1, root, proof), (0, root, proof), (size + 1, root, proof)]
            for claimed, claimed_root, claimed_proof in wrong:
                with pytest.raises(Refused) as refused:
                    check_consistency(claimed, claimed_root, size, tree.root(), claimed_proof)
                assert refused.value.reason == "rewritten"


@given(
    st.integers(0, SIZE_MAX),
    st.integers(0, SIZE_MAX),
    st.lists(st.binary(min_size=32, max_size=32), max_size=9),
)
def test_made_up_proofs_prove_nothing(index: int, size: int, path: list[bytes]) -> None:
    """Whatever the figures: a path of random hashes is refused, and nothing else happens."""
    with pytest.raises(Refused):
        check_inclusion(b"leaf", index, size, path, EMPTY_ROOT)
    with pytest.raises(Refused):
        check_consistency(index, EMPTY_ROOT, size, b"\1" * 32, path)


def test_a_frontier_of_the_wrong_size_is_refused() -> None:
    """Seven leaves have three full subtrees, not two."""
    with pytest.raises(Refused):
        Frontier(7, grown(data(6)).peaks)


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 11, 12, 13, 29, 64, 65, 67])
def test_a_tree_of_blocks_proves_the_same(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """With blocks of four leaves root, inclusions and consistencies are those of the whole tree. A proof
    reads the leaves of those blocks that it goes through, and of no other."""
    monkeypatch.setattr(block_tree, "BLOCK_LEAVES", 4)
    leaves = data(size)
    read: list[int] = []

    def block(number: int) -> list[bytes]:
        read.append(number)
        return leaves[4 * number : 4 * number + 4]

    roots = [Tree(leaves[first : first + 4]).root() for first in range(0, size, 4)]
    whole, tree = Tree(leaves), BlockTree(size, roots, block)
    assert (tree.root(), tree.size, read) == (whole.root(), size, [])
    for index in range(size):
        assert tree.inclusion(index) == whole.inclusion(index)
    assert read == [*range(len(roots))]
    for old in range(1, size + 1):
        read.clear()
        assert tree.consistency(old) == whole.consistency(old)
        assert {*read} <= {old // 4, (old - 1) // 4}
    with pytest.raises(Refused, match="no leaf"):
        tree.inclusion(size)
    with pytest.raises(Refused, match="blocks"):
        BlockTree(size + 4, roots, block)
