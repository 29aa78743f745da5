"""The manifest: a hash-chained leaf per segment of a stream, over ciphertext only.

After erasure the manifest holds no fingerprint of a person, since the key that made the ciphertext is
gone. The canonical form is RFC 8785 JSON; the values are strings and integers, so `json` writes it.
"""

import hashlib
import json
from dataclasses import dataclass

LEAF_VERSION = 1
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Leaf:
    """One segment as the manifest knows it. Times in ms; `received_at` is RFC 3339; hashes are hex."""

    unit: str
    take: str
    seq: int
    object_key: str
    ct_sha256: str
    ct_len: int
    media_type: str
    start_ms: int
    duration_ms: int
    received_at: str
    prev: str

    def hash(self) -> str:
        """SHA-256 (hex) of the canonical form: what the next leaf names as `prev`."""
        fields = {name: getattr(self, name) for name in self.__slots__} | {"v": LEAF_VERSION}
        canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def digest(sealed: bytes) -> str:
    """SHA-256 (hex) of a sealed object."""
    return hashlib.sha256(sealed).hexdigest()


def first_break(leaves: list[Leaf]) -> int | None:
    """The position of the first leaf that does not follow from the one before it, or None."""
    prev = GENESIS
    for position, leaf in enumerate(leaves):
        if leaf.prev != prev:
            return position
        prev = leaf.hash()
    return None
