"""The lines of a copy, by tree, for who compares all of them with the database.

A year of them fits in no memory: they are in a temporary database of their own, which the system forgets.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from proctoring.proofs.bodies import Restoration
from proctoring.proofs.restorations import restoration_of, told_with
from storage.errors import Refused
from storage.proofs.checkpoint import claimed
from storage.proofs.witness import CertificateCopy, Line

LINES_AT_ONCE = 5_000


class CopiedProofs:
    """`lines`: how many were read. `restorations`: those that the present ledger must tell of; `quarantines`:
    of all that were ever declared. `unclaimed`: notes that no tree can be read from."""

    def __init__(self, lines: Iterable[Line], public: bytes) -> None:
        self.lines = 0
        self.restorations: list[Restoration] = []
        self.quarantines: set[str] = set()
        self.unclaimed: list[str] = []
        self._file = sqlite3.connect("", isolation_level=None)  # no name: temporary, on the disk if large
        self._file.execute("create table heads (origin text, size integer, note text)")
        self._file.execute("create table certificates (body text, signature text)")
        self._read(lines, public)
        self._file.execute("create index heads_in_order on heads (origin, size)")

    def notes(self, origin: str) -> Iterator[tuple[int, str]]:
        """The size and note of each head of a tree, the smallest first. Each text once."""
        mine = "select size, note from heads where origin = ? order by size, note"
        before = None
        for size, note in self._file.execute(mine, [origin]):
            if note != before:
                yield size, note
            before = note

    def origins(self) -> Iterator[str]:
        """Every tree of which there is a head."""
        return (origin for (origin,) in self._file.execute("select distinct origin from heads"))

    def certificates(self) -> Iterator[CertificateCopy]:
        """In the order of the copy."""
        for row in self._file.execute("select body, signature from certificates"):
            yield CertificateCopy(*row)

    def _read(self, lines: Iterable[Line], public: bytes) -> None:
        following = iter(lines)
        while some := list(islice(following, LINES_AT_ONCE)):
            self.lines += len(some)
            self._file.execute("begin")
            heads: list[tuple[str, int, str]] = []
            for line in some:
                if isinstance(line, str):
                    heads += self._claimed(line)
                elif isinstance(line, CertificateCopy):
                    values = line.body, line.signature
                    self._file.execute("insert into certificates values (?, ?)", values)
                elif (restoration := restoration_of(line, public)) is not None:
                    self._keep(heads)
                    heads = []
                    self._declare(restoration)
            self._keep(heads)
            self._file.execute("commit")

    def _claimed(self, note: str) -> Iterator[tuple[str, int, str]]:
        try:
            head = claimed(note)
        except Refused:
            self.unclaimed.append(note)
            return
        yield head.origin, head.size, note

    def _keep(self, heads: Iterable[tuple[str, int, str]]) -> None:
        self._file.executemany("insert into heads values (?, ?, ?)", heads)

    def _declare(self, restoration: Restoration) -> None:
        """Heads of a lost history contradict nothing, as far as the declaration reaches."""
        for loss in restoration.losses:
            self._file.execute("delete from heads where origin = ? and size > ?", [loss.origin, loss.kept])
        self.restorations = told_with(self.restorations, restoration)
        self.quarantines.add(restoration.quarantine)
