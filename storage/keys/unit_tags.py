"""The public half of an evidence unit, and the tag that tells whether it is the one that was made for it.

Sealing is to the public half in the unit's row, and other hands may reach a database. A half of their own in
its place would open whatever is recorded from then on. So the process that makes a unit tags it
(HMAC-SHA-256), and nothing is sealed to a half whose tag does not fit. The secret is a file that only sealing
processes are given.
"""

import hashlib
import hmac
from dataclasses import dataclass

from storage.canonical import context
from storage.errors import KeyMissing, NotAuthentic

TAG_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class UnitPublicKey:
    """A unit's public half as its row has it: with unit, session and kind, which the tag covers too."""

    unit: str
    session: str
    kind: str
    public: bytes
    tag: bytes | None = None

    def digest(self) -> str:
        """SHA-256 (hex) of the public half: what the custody ledger says of it."""
        return hashlib.sha256(self.public).hexdigest()


class UnitTags:
    """Makes and checks tags. `secret` is None in a process that was not given it, since it seals nothing:
    each call then raises KeyMissing."""

    def __init__(self, secret: bytes | None) -> None:
        self._secret = secret

    def tag(self, key: UnitPublicKey) -> bytes:
        """The tag of a public half that was made here."""
        if self._secret is None:
            raise KeyMissing("this process was not given the secret for tags of unit keys; it seals nothing")
        covered = context("PEV1 unit tag", key.unit, key.session, key.kind, key.public.hex())
        return hmac.digest(self._secret, covered, "sha256")

    def check(self, key: UnitPublicKey) -> None:
        """Raises NotAuthentic unless the public half was tagged here, for this unit."""
        if not hmac.compare_digest(self.tag(key), key.tag or b""):
            raise NotAuthentic(f"the public key of unit {key.unit} is not the one that was made for it")
