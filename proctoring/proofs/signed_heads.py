"""Signed heads of the trees: our own and those of the copy, tree by tree, compared with what is there now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.rows import CheckpointRow
from proctoring.proofs.copied_proofs import CopiedProofs
from proctoring.units.rows import UnitRow
from storage.errors import Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint, unit_origin
from storage.proofs.tree import Frontier

ROWS_AT_ONCE = 1_000
Head = tuple[str, Checkpoint]
"""Where it was found, and what it says."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` for machines; `detail` says which one and what of it, with random ids only."""

    code: str
    detail: str


class Heads:
    """Our own heads and those of the copy, tree by tree. `faults`: those that are not signed by `public`, as
    far as they were read."""

    def __init__(self, db: Db, public: bytes, copied: CopiedProofs) -> None:
        self.copied = copied
        self.faults: list[Fault] = []
        self._db = db
        self._public = public
        self._read_last: tuple[str, Checkpoint | None] = "", None
        self._asked: set[str] = set()
        for note in copied.unclaimed:
            self._read("copied", note)

    def of(self, origin: str) -> Iterator[Head]:
        """The heads of a tree, the smallest first."""
        self._asked.add(origin)
        copied = (("copied", size, note) for size, note in self.copied.notes(origin))
        for where, size, note in merge(self._own(origin), copied, key=lambda one: one[1:]):
            read = self._read(where, note)
            if read is None:
                continue
            if (read.origin, read.size) == (origin, size):
                yield where, read
            else:
                detail = f"an own checkpoint: {read.origin} of {read.size} is kept as {origin} of {size}"
                self.faults.append(Fault("checkpoint.signature", detail))

    def others(self) -> list[str]:
        """Trees of no unit that is here, nor of the ledger, of which there is a head."""
        here = exists().where(CheckpointRow.origin == unit_origin("") + UnitRow.id)
        unknown = select(CheckpointRow.origin).where(~here).distinct()
        return sorted({*self._db.scalars(unknown), *self.copied.origins()} - self._asked - {LEDGER_ORIGIN})

    def _own(self, origin: str) -> Iterator[tuple[str, int, str]]:
        mine = select(CheckpointRow.size, CheckpointRow.note).where(CheckpointRow.origin == origin)
        ordered = mine.order_by(CheckpointRow.size).execution_options(yield_per=ROWS_AT_ONCE)
        return (("own", size, note) for size, note in self._db.execute(ordered) if isinstance(note, str))

    def _read(self, where: str, note: str) -> Checkpoint | None:
        """The same note is mostly there twice, one after the other: its signature is checked once."""
        if self._read_last[0] != note:
            self._read_last = note, self._checked(where, note)
        return self._read_last[1]

    def _checked(self, where: str, note: str) -> Checkpoint | None:
        try:
            return read_checkpoint(note, self._public)
        except Refused as refused:
            self.faults.append(Fault("checkpoint.signature", f"a {where} checkpoint: {refused}"))
            return None


def compare_tree(origin: str, hashes: Iterable[str], heads: Iterable[Head]) -> Iterator[Fault]:
    """The first head of a tree that is not that of its leaves; `heads`: the smallest first. Reads every
    head."""
    frontier, following, told = Frontier(), iter(hashes), False
    for where, checkpoint in heads:
        if told:
            continue
        while frontier.size < checkpoint.size and (leaf := next(following, None)) is not None:
            frontier.append(bytes.fromhex(leaf))
        if frontier.size < checkpoint.size:
            told = True
            detail = f"{origin} has {frontier.size} leaves; a {where} checkpoint saw {checkpoint.size}"
            yield Fault("tree.rolled_back", detail)
        elif frontier.size > checkpoint.size or frontier.root() != checkpoint.root:
            told = True
            detail = f"{origin}: a {where} checkpoint of {checkpoint.size} leaves differs"
            yield Fault("tree.rewritten", detail)
