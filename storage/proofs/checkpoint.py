"""Checkpoints (C2SP tlog-checkpoint): the signed head of a tree, small enough to be kept anywhere.

    <origin>
    <size, decimal>
    <root hash, base64>

With a kept checkpoint anybody can check, at any later time, that the tree still begins with the same leaves.
"""

import base64
import re
from dataclasses import dataclass

from storage.errors import Refused
from storage.proofs.note import NoteSigner, decode, open_note, sign_note
from storage.proofs.tree import HASH_BYTES

LEDGER_ORIGIN = "proctoring/ledger"
_UNIT_ORIGIN = "proctoring/u/"
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the tree: the custody ledger, or an evidence unit by its random id."""

    origin: str
    size: int
    root: bytes

    def signed(self, signer: NoteSigner) -> str:
        """As a signed note."""
        root = base64.b64encode(self.root).decode()
        return sign_note(signer, self.origin, f"{self.origin}\n{self.size}\n{root}\n")


def unit_origin(unit_id: str) -> str:
    """The origin of an evidence unit's manifest."""
    return _UNIT_ORIGIN + unit_id


def unit_of(origin: str) -> str | None:
    """The evidence unit of an origin; None for the ledger's."""
    return origin.removeprefix(_UNIT_ORIGIN) if origin.startswith(_UNIT_ORIGIN) else None


def read_checkpoint(note: str, public: bytes, origin: str | None = None) -> Checkpoint:
    """The checkpoint in a note by `public`; of `origin`, when that is given. Raises Refused."""
    text = open_note(public, origin or claimed_origin(note), note)
    if origin not in (None, claimed_origin(text)):
        raise Refused("wrong-note", "this is no checkpoint of this version")
    return _read(text)


def claimed(note: str) -> Checkpoint:
    """What a note claims, its signature unchecked: for finding which of many to check. Raises Refused."""
    return _read(note.partition("\n\n")[0] + "\n")


def claimed_origin(note: str) -> str:
    """The first line."""
    return note.partition("\n")[0]


def _read(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) != 4 or not _SIZE.fullmatch(lines[1]):
        raise Refused("wrong-note", "this is no checkpoint of this version")
    return Checkpoint(lines[0], int(lines[1]), decode(lines[2], HASH_BYTES))
