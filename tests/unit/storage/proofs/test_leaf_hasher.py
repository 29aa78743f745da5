"""Many leaves hashed the quick way: the same hashes, whatever their texts hold."""

from itertools import product
from typing import Any

import pytest

from storage.proofs.manifest import GENESIS, Leaf, LeafHasher

TEXTS = ("webcam/0", 'video/mp4; codecs="avc1.42c01f"', "a\\b", "a\nb", "é\u2028", "\x7f", "", "}{,:")


@pytest.mark.parametrize("unit", TEXTS)
def test_a_hash_is_that_of_the_canonical_form(unit: str) -> None:
    """Every text in every place, one leaf after another by the same hasher."""
    hasher = LeafHasher(unit)
    for take, key, media in product(TEXTS, TEXTS, TEXTS):
        for sha, at, prev in ((key, media, GENESIS), (GENESIS, "2026-11-30T08:00:00.000Z", key)):
            fields = take, 7, key, sha, 2**40, media, -3, 0, at, prev
            assert hasher.hash(fields) == Leaf(unit, *fields).hash()


@pytest.mark.parametrize("number", [True, "7", None])
def test_no_value_passes_for_another(number: object) -> None:
    """What is no integer has a hash of its own, as in the canonical form."""
    fields: Any = "take", number, "key", "sha", 1, "video", 0, 4000, "at", GENESIS
    assert LeafHasher("unit").hash(fields) == Leaf("unit", *fields).hash()
