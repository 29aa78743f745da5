"""Reads the custody ledger as it grows, and keeps of each session a digest of its entries.

One instance for the life of a process. Every entry is read and checked once, by the first process that meets
it. It follows from the previous one, its hash is that of its content, and the tree up to the newest
checkpoint is the signed one. Signed pages tell what was read before (`proctoring.proofs.pages`).

Afterwards a session costs only its own entries: read again, they must give the digest. So neither a changed
nor a deleted entry goes unnoticed, and no other session's entries are read for it.

Memory: some 200 bytes a session. Without pages the first reading takes half a minute for a million entries.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import GENESIS, Action, Entry, entry_hash
from proctoring.custody.rows import CheckpointRow, EntryRow
from proctoring.custody.service import head
from proctoring.proofs.pages import ENTRIES_A_PAGE, Page, read_pages
from proctoring.proofs.read import Unreadable, read_entries
from proctoring.proofs.session_entries import SessionEntries
from storage.errors import Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint
from storage.proofs.tree import Frontier

CHECKPOINTS_TRIED = 100  # of the newest, for one that is signed by us
ABOUT_EXAMS = (Action.EXAM_CREATE, Action.EXAM_PUBLISH_RESULTS)

log = structlog.get_logger()


class Unproven(Exception):
    """The ledger cannot be believed about a session; the text says from which entry on."""


@dataclass(slots=True)
class Followed:
    """How many entries were read, and the newest of them about each session."""

    entries: int = 0
    newest: dict[str, int] = field(default_factory=dict)


class LedgerReader:
    """`public`: of the key that signs checkpoints and pages. Nothing here writes."""

    def __init__(self, public: bytes) -> None:
        self._public = public
        self.forget()

    def forget(self) -> None:
        """Start over, with the pages."""
        self.size = 0
        self.exact_from: int | None = None  # as the pages say
        self.first_broken = 0
        self.broken_through = 0  # the last entry that is not as it was written; 0: all are
        self.unreadable: Unreadable | None = None
        self._head = GENESIS
        self._digests: dict[str, bytes] = {}
        self._exams: dict[str, list[int]] = {}
        self._frontier: Frontier | None = Frontier()
        self._page: tuple[int, str] = 0, GENESIS
        self._in_page: set[str] = set()

    def follow(self, db: Db, at_most: int | None = None) -> Followed:
        """Read the entries since the last call, at most so many and none of a second page. Where the ledger
        is another than the one that was read, as after a restore, all of it is read again."""
        known = db.scalar(select(EntryRow.hash).where(EntryRow.number == self.size))
        if self.size and known != self._head:
            log.warning("ledger.read_anew", size=self.size)
            self.forget()
        if self.size == 0:
            self._take_pages(db)
        size, hashed = head(db)  # first: what it counts is there when entries are read after it
        if not isinstance(size, int):
            self._break(self.size + 1, self.size + 1)
            return Followed()
        wanted = size
        if at_most is not None:
            page_end = (self.size // ENTRIES_A_PAGE + 1) * ENTRIES_A_PAGE
            wanted = min(size, self.size + at_most, page_end)
        followed = self._read(db, wanted) if wanted > self.size else Followed()
        if self.size != wanted or (wanted == size and self._head != hashed):
            self._break(min(self.size + 1, size), max(self.size, size))
            self.size, self._head = size, hashed
        return followed

    def page(self, exact_from: int) -> Page:
        """The page that the last entry which was read is on, up to that one."""
        after, prev = self._page
        frontier = self._frontier
        peaks = tuple(peak.hex() for peak in frontier.peaks) if frontier is not None else ()
        return Page(
            after,
            prev,
            self.size,
            self._head,
            exact_from,
            peaks,
            {one: self._digests[one].hex() for one in self._in_page},
            {one: self._exams[one] for one in self._in_page if one in self._exams},
        )

    def _read(self, db: Db, through: int) -> Followed:
        followed = Followed()
        signed = self._signed(db, through)
        compared = signed is None
        for entry in read_entries(db, EntryRow.number.between(self.size + 1, through)):
            self._take(entry)
            followed.entries += 1
            if entry.session_id is not None:
                followed.newest[entry.session_id] = entry.number
            if signed is not None and not compared and self.size >= signed.size:
                self._compare(signed)
                compared = True
        if signed is not None and not compared:
            self._compare(signed)
        return followed

    def _take_pages(self, db: Db) -> None:
        """What signed pages tell, as far as the ledger here goes on as they do."""
        pages = list(read_pages(db, self._public))
        ends = select(EntryRow.number, EntryRow.hash).where(
            EntryRow.number.in_([one.through for one in pages])
        )
        there = {row.number: row.hash for row in db.execute(ends)}
        for page in pages:
            if there.get(page.through) != page.hash:
                self._break(page.through, page.through)
                return
            self.size, self._head, self.exact_from = page.through, page.hash, page.exact_from
            self._digests |= {one: bytes.fromhex(digest) for one, digest in page.digests.items()}
            self._exams |= {one: list(numbers) for one, numbers in page.exams.items()}
            self._frontier = _frontier(page.through, page.peaks)
            self._page, self._in_page = (page.after, page.prev), set(page.digests)

    def about(self, db: Db, session_id: str) -> SessionEntries:
        """What the ledger tells of a session, as far as it was followed. Raises Unproven."""
        mine = (EntryRow.session_id == session_id) & (EntryRow.number <= self.size)
        found = tuple(one for one in read_entries(db, mine) if isinstance(one, Entry))
        if not found or not self.agrees(session_id, found):
            raise Unproven("its entries in the ledger are not those that were written")
        if found[0].number <= self.broken_through:
            raise Unproven(f"entry {self.first_broken} of the ledger is not as it was written")
        exam = self._about_exam(db, str(found[0].detail.get("exam")))
        if not exam:
            raise Unproven("the ledger does not tell of its exam")
        return SessionEntries(found, exam)

    def agrees(self, about: str, entries: Iterable[Entry]) -> bool:
        """Whether these are all entries about a session, or an exam, as they were written, up to the last
        that was followed."""
        digest = b""
        for entry in entries:
            digest = _grown(digest, entry_hash(entry.body()))
        return digest == self._digests.get(about, b"")

    def _about_exam(self, db: Db, exam_id: str) -> tuple[Entry, ...]:
        numbers = self._exams.get(exam_id, [])
        found = tuple(one for one in read_entries(db, EntryRow.number.in_(numbers)) if isinstance(one, Entry))
        if numbers and not self.agrees(exam_id, found):
            raise Unproven("the entries of its exam in the ledger are not those that were written")
        return found

    def _take(self, entry: Entry | Unreadable) -> None:
        follows = entry.number == self.size + 1 and entry.prev == self._head
        if not isinstance(entry, Entry) or not follows or entry_hash(entry.body()) != entry.hash:
            self._break(min(self.size + 1, entry.number), entry.number)
        if self.size % ENTRIES_A_PAGE == 0:
            self._page, self._in_page = (self.size, self._head), set()
        self.size, self._head = entry.number, entry.hash
        self._append(entry.hash)
        if not isinstance(entry, Entry):
            self.unreadable = self.unreadable or entry
            return
        if entry.session_id is not None:
            self._grow(entry.session_id, entry)
        elif entry.action in ABOUT_EXAMS:
            exam = str(entry.detail.get("exam"))
            self._exams.setdefault(exam, []).append(entry.number)
            self._grow(exam, entry)

    def _grow(self, about: str, entry: Entry) -> None:
        self._digests[about] = _grown(self._digests.get(about, b""), entry.hash)
        self._in_page.add(about)

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
        frontier = _frontier(self.size, self.peaks)
        return frontier if frontier is not None and frontier.root() == self.checkpoint.root else None


def _frontier(size: int, peaks: Iterable[str]) -> Frontier | None:
    try:
        return Frontier(size, [bytes.fromhex(peak) for peak in peaks])
    except (ValueError, Refused):
        return None


def _grown(digest: bytes, entry: str) -> bytes:
    return hashlib.sha256(digest + entry.encode()).digest()
