"""Signed heads of the trees: our own and those of the copy, tree by tree, compared with what is there now."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.rows import CheckpointRow
from proctoring.units.rows import UnitRow
from storage.errors import Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint, unit_origin
from storage.proofs.tree import Frontier
from storage.proofs.witness import Line

ROWS_AT_ONCE = 1_000
Head = tuple[str, Checkpoint]
"""Where it was found, and what it says."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` for machines; `detail` says which one and what of it, with random ids only."""

    code: str
    detail: str


class Heads:
    """`faults`: heads that are not signed by `public`, as far as they were read. Our own are read tree by
    tree; of the copy one is kept for each text."""

    def __init__(self, db: Db, public: bytes, copies: Sequence[Line]) -> None:
        self.faults: list[Fault] = []
        self._db = db
        self._public = public
        self._copied: dict[str, dict[str, Checkpoint]] = defaultdict(dict)
        for line in copies:
            if isinstance(line, str) and (read := self._read("copied", line)) is not None:
                self._copied[read.origin][line] = read

    def of(self, origin: str) -> Iterator[Head]:
        """The heads of a tree, the smallest first. Those of the copy come with the first call only."""
        copied = self._copied.pop(origin, {})
        own = self._own(origin, copied)
        mine = sorted(copied.values(), key=lambda one: one.size)
        return merge(own, (("copied", one) for one in mine), key=lambda head: head[1].size)

    def others(self) -> list[str]:
        """Trees of no unit that is here, nor of the ledger, of which there is a head."""
        here = exists().where(CheckpointRow.origin == unit_origin("") + UnitRow.id)
        unknown = select(CheckpointRow.origin).where(~here).distinct()
        return sorted({*self._db.scalars(unknown), *self._copied} - {LEDGER_ORIGIN})

    def _own(self, origin: str, copied: dict[str, Checkpoint]) -> Iterator[Head]:
        mine = select(CheckpointRow.size, CheckpointRow.note).where(CheckpointRow.origin == origin)
        ordered = mine.order_by(CheckpointRow.size).execution_options(yield_per=ROWS_AT_ONCE)
        for size, note in self._db.execute(ordered):
            if not isinstance(note, str):
                continue
            read = copied.get(note) or self._read("own", note)
            if read is not None and (read.origin, read.size) == (origin, size):
                yield "own", read
            elif read is not None:
                detail = f"an own checkpoint: {read.origin} of {read.size} is kept as {origin} of {size}"
                self.faults.append(Fault("checkpoint.signature", detail))

    def _read(self, where: str, note: str) -> Checkpoint | None:
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
