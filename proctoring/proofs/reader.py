"""Reads the custody ledger as it grows, and keeps of each session a digest of its entries.

One instance for the life of a process. Every entry is read and checked once: it follows from the one before,
its hash is that of its content, and the tree up to the newest checkpoint is the signed one. Afterwards the
entries of a session cost no more than themselves: read again, they must give the digest. So neither an entry
that was changed, nor one that was taken away, goes unseen, and no other session's entries are read for it.

Memory: some 200 bytes a session. The first reading takes half a minute for a million entries.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import GENESIS, Action, Entry, entry_hash
from proctoring.custody.rows import CheckpointRow, EntryRow
from proctoring.custody.service import head
from proctoring.proofs.session_entries import SessionEntries
from storage.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint
from storage.errors import Refused
from storage.tree import Frontier

ENTRIES_A_ROUND = 1000
CHECKPOINTS_TRIED = 100  # of the newest, for one that is signed by us
ABOUT_EXAMS = (Action.EXAM_CREATE, Action.EXAM_PUBLISH_RESULTS)
_COLUMNS = tuple(EntryRow.__table__.c)

log = structlog.get_logger()


class Unproven(Exception):
    """The ledger cannot be believed about a session; the text says from which entry on."""


class LedgerReader:
    """`public`: of the key that signs checkpoints. Nothing here writes."""

    def __init__(self, public: bytes) -> None:
        self._public = public
        self._forget()

    def _forget(self) -> None:
        self.size = 0
        self.last_at: datetime | None = None
        self.first_broken = 0
        self.broken_through = 0  # the last entry that is not as it was written; 0: all are
        self._head = GENESIS
        self._digests: dict[str, bytes] = {}
        self._exams: dict[str, list[int]] = {}
        self._frontier: Frontier | None = Frontier()

    def follow(self, db: Db) -> None:
        """Read what came since the last call. Where the ledger is another than the one that was read, as
        after a restore, all of it is read anew."""
        known = db.execute(select(EntryRow.hash).where(EntryRow.number == self.size)).scalar()
        if self.size and known != self._head:
            log.warning("ledger.read_anew", size=self.size)
            self._forget()
        size, hashed = head(db)  # first: what it counts is there when entries are read after it
        signed = self._signed(db, size)
        compared = signed is None
        new = select(*_COLUMNS).where(EntryRow.number > self.size, EntryRow.number <= size)
        ordered = new.order_by(EntryRow.number).execution_options(yield_per=ENTRIES_A_ROUND)
        for row in db.execute(ordered):
            self._take(row)
            if signed is not None and not compared and self.size >= signed.size:
                self._compare(signed)
                compared = True
        if signed is not None and not compared:
            self._compare(signed)
        if self.size != size or self._head != hashed:
            self._break(min(self.size + 1, size), max(self.size, size))
            self.size, self._head = size, hashed

    def about(self, db: Db, session_id: str) -> SessionEntries:
        """What the ledger tells of a session, as far as it was followed. Raises Unproven."""
        mine = select(*_COLUMNS).where(EntryRow.session_id == session_id, EntryRow.number <= self.size)
        found = tuple(_entries(db.execute(mine.order_by(EntryRow.number))))
        digest = b""
        for entry in found:
            digest = _grown(digest, entry_hash(entry.body()))
        if not found or digest != self._digests.get(session_id):
            raise Unproven("its entries in the ledger are not those that were written")
        if found[0].number <= self.broken_through:
            raise Unproven(f"entry {self.first_broken} of the ledger is not as it was written")
        exam = self._about_exam(db, str(found[0].detail.get("exam")))
        if not exam:
            raise Unproven("the ledger does not tell of its exam")
        return SessionEntries(found, exam)

    def _about_exam(self, db: Db, exam_id: str) -> tuple[Entry, ...]:
        numbers = self._exams.get(exam_id, [])
        rows = db.execute(
            select(*_COLUMNS).where(EntryRow.number.in_(numbers)).order_by(EntryRow.number)
        ).all()
        found = tuple(_entries(rows))
        if len(found) != len(numbers) or any(entry_hash(entry.body()) != entry.hash for entry in found):
            raise Unproven("the entries of its exam in the ledger are not those that were written")
        return found

    def _take(self, row: Any) -> None:
        entry = next(_entries([row]), None)
        follows = row.number == self.size + 1 and row.prev == self._head
        if entry is None or not follows or entry_hash(entry.body()) != row.hash:
            self._break(min(self.size + 1, row.number), row.number)
        self.size, self._head = row.number, row.hash
        self._append(row.hash)
        if entry is None:
            return
        self.last_at = entry.at
        if entry.session_id is not None:
            self._digests[entry.session_id] = _grown(self._digests.get(entry.session_id, b""), row.hash)
        elif entry.action in ABOUT_EXAMS:
            self._exams.setdefault(str(entry.detail.get("exam")), []).append(entry.number)

    def _append(self, hashed: str) -> None:
        try:
            if self._frontier is not None:
                self._frontier.append(bytes.fromhex(hashed))
        except ValueError:
            self._frontier = None  # of such a tree nothing is known until the next signed head

    def _compare(self, signed: "_Signed") -> None:
        """All up to the signed head is as it was signed, or broken; what comes later goes on from there."""
        if self._frontier is None or (self._frontier.size, self._frontier.root()) != signed.head:
            self._break(1, signed.size)
            self._frontier = signed.frontier()

    def _break(self, first: int, through: int) -> None:
        log.error("ledger.broken", first=first, through=through)
        self.first_broken = self.first_broken or first
        self.broken_through = max(self.broken_through, through)

    def _signed(self, db: Db, size: int) -> "_Signed | None":
        """The newest checkpoint by our key that is not read past; a forged one is left to `ledger verify`."""
        mine = CheckpointRow.origin == LEDGER_ORIGIN, CheckpointRow.size.between(self.size + 1, size)
        rows = select(CheckpointRow.note, CheckpointRow.peaks).where(*mine)
        for note, peaks in db.execute(rows.order_by(CheckpointRow.size.desc()).limit(CHECKPOINTS_TRIED)):
            try:
                return _Signed(read_checkpoint(note, self._public, LEDGER_ORIGIN), tuple(peaks))
            except Refused as refused:
                log.error("checkpoint.not_ours", reason=refused.reason)
        return None


@dataclass(frozen=True, slots=True)
class _Signed:
    checkpoint: Checkpoint
    peaks: tuple[str, ...]  # as the row claims

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def head(self) -> tuple[int, bytes]:
        return self.checkpoint.size, self.checkpoint.root

    def frontier(self) -> Frontier | None:
        """To go on from; None when the row's peaks are not those that were signed."""
        try:
            frontier = Frontier(self.size, [bytes.fromhex(peak) for peak in self.peaks])
        except (ValueError, Refused):
            return None
        return frontier if frontier.root() == self.checkpoint.root else None


def _entries(rows: Iterable[Any]) -> Iterator[Entry]:
    """As they stand; one with a word that is none of ours is left out."""
    for row in rows:
        try:
            action = Action(row.action)
        except ValueError:
            continue
        yield Entry(
            row.number,
            row.at,
            row.actor,
            row.role,
            action,
            row.session_id,
            row.unit_id,
            row.detail,
            row.prev,
            row.hash,
        )


def _grown(digest: bytes, entry: str) -> bytes:
    return hashlib.sha256(digest + entry.encode()).digest()
