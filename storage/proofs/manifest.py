"""The manifest: a hash-chained leaf per segment of a stream, over ciphertext only.

After erasure the manifest holds no fingerprint of a person, since the key that made the ciphertext is
gone. The canonical form is RFC 8785 JSON.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from storage.canonical import canonical, fields
from storage.errors import BadName, Refused
from storage.objects.naming import SEQ_MAX, segment_key

LEAF_VERSION = 1
GENESIS = "0" * 64
HASH = re.compile(r"[0-9a-f]{64}")


_FIELDS = {
    "v": int,
    "unit": str,
    "take": str,
    "seq": int,
    "object_key": str,
    "ct_sha256": str,
    "ct_len": int,
    "media_type": str,
    "start_ms": int,
    "duration_ms": int,
    "received_at": str,
    "prev": str,
}


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
        return hashlib.sha256(canonical(self.fields())).hexdigest()

    def fields(self) -> dict[str, Any]:
        """What is hashed, by name."""
        return {name: getattr(self, name) for name in self.__slots__} | {"v": LEAF_VERSION}


Hashed = tuple[str, int, str, str, int, str, int, int, str, str]
"""A leaf's fields after `unit`, in the order of `Leaf`."""


class LeafHasher:
    """`Leaf.hash` for many leaves of one unit, at a third of its cost: texts that repeat are written once."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._like: tuple[str, str] | None = None

    def hash(self, leaf: Hashed) -> str:
        """The hash of exactly this leaf. Raises ValueError or TypeError for what has no canonical form."""
        take, seq, object_key, ct_sha256, ct_len, media_type, start_ms, duration_ms, received_at, prev = leaf
        texts = f"{object_key}{ct_sha256}{received_at}{prev}"
        whole = type(seq) is type(ct_len) is type(start_ms) is type(duration_ms) is int
        if not whole or '"' in texts or "\\" in texts or not texts.isprintable():
            return Leaf(self._unit, *leaf).hash()
        if (take, media_type) != self._like:
            self._repeat(take, media_type)
        text = (
            f'{{"ct_len":{ct_len},"ct_sha256":"{ct_sha256}","duration_ms":{duration_ms}'
            f'{self._media_type}{object_key}","prev":"{prev}","received_at":"{received_at}","seq":{seq},'
            f'"start_ms":{start_ms}{self._end}'
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def _repeat(self, take: str, media_type: str) -> None:
        written = [canonical(text).decode() for text in (media_type, take, self._unit)]
        self._like = take, media_type
        self._media_type = f',"media_type":{written[0]},"object_key":"'
        self._end = f',"take":{written[1]},"unit":{written[2]},"v":{LEAF_VERSION}}}'


def read_leaf(value: Any) -> Leaf:
    """The leaf of these fields, if it is one that the vault could have made. Raises Refused."""
    known = fields(value, _FIELDS, "a leaf")
    if known["v"] != LEAF_VERSION:
        raise Refused("unknown-version", f"a leaf of version {known['v']}")
    leaf = Leaf(**{name: known[name] for name in Leaf.__slots__})
    if not HASH.fullmatch(leaf.ct_sha256) or not HASH.fullmatch(leaf.prev):
        raise Refused("wrong-type", "a leaf's hash is not 64 hex digits")
    try:
        if leaf.seq > SEQ_MAX or leaf.object_key != segment_key(leaf.unit, leaf.take, leaf.seq):
            raise Refused("wrong-place", "a leaf's object key does not name its unit, take and number")
    except BadName as error:
        raise Refused("wrong-place", str(error)[:200]) from error
    return leaf


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
