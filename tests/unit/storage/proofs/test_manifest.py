"""The manifest's chain."""

from dataclasses import replace
from typing import Any

import pytest

from storage.proofs.manifest import GENESIS, Leaf, first_break
from tests.support.names import TAKE_1, UNIT_A

FIRST = Leaf(UNIT_A, TAKE_1, 0, "key", "aa", 10, "video/webm", 0, 4000, "2026-11-16T08:00:04.000Z", GENESIS)


def chain(length: int) -> list[Leaf]:
    leaves = [FIRST]
    while len(leaves) < length:
        leaves.append(replace(FIRST, seq=len(leaves), prev=leaves[-1].hash()))
    return leaves


def test_the_canonical_form_is_fixed() -> None:
    """A golden hash: leaves written today must verify for ever."""
    assert FIRST.hash() == "ec35014ef83c8da16fa9d4e5f3a8a395f5990bc5a1a01241a9c6b54ad267a1e4"


@pytest.mark.parametrize("field", ["take", "seq", "ct_sha256", "ct_len", "start_ms", "received_at"])
def test_a_changed_leaf_breaks_the_chain_behind_it(field: str) -> None:
    """Whatever is edited, the next leaf no longer follows."""
    leaves = chain(4)
    old = getattr(leaves[1], field)
    changed: dict[str, Any] = {field: old + 1 if isinstance(old, int) else old + "x"}
    leaves[1] = replace(leaves[1], **changed)
    assert first_break(leaves) == 2


def test_reordered_removed_and_repeated_leaves_are_found() -> None:
    """The chain is whole in one order only."""
    leaves = chain(4)
    assert first_break(leaves) is None
    assert first_break([leaves[0], leaves[2], leaves[1], leaves[3]]) == 1
    assert first_break([leaves[0], leaves[2], leaves[3]]) == 1
    assert first_break([leaves[0], leaves[0], *leaves[1:]]) == 1
    assert first_break(leaves[1:]) == 0
