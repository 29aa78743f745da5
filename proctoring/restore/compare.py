"""Compares the database with the copy of its proofs: at the start of a process, and every half minute.

The copy is read first, the database after it: what the copy says was committed before it was written.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.rows import CheckpointRow
from proctoring.custody.service import head
from proctoring.errors import Unavailable
from proctoring.holds.rows import HoldRow
from proctoring.proofs.bodies import read_act, read_certificate, read_restoration
from proctoring.proofs.checkpoints import grow, last, ledger_hashes
from proctoring.proofs.restorations import is_signed
from proctoring.quarantine import service
from proctoring.quarantine.model import Head
from proctoring.restore.missing import Copied, Known, KnownUnit, ProvenMissing, missing
from proctoring.tolerant import as_it_stands
from proctoring.units.model import UNFINISHED_VALUES, UnitState
from proctoring.units.rows import UnitRow
from storage.errors import Refused
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, claimed, claimed_origin, read_checkpoint
from storage.proofs.tree import EMPTY_ROOT, Frontier
from storage.proofs.witness import ActCopy, CertificateCopy, Line, RestoredCopy, StampCopy

NOTHING_SHARED = Head(0, EMPTY_ROOT)

log = structlog.get_logger()


class CopyWatch:
    """Reads what was appended since it last looked. `copy` None: a restore cannot be noticed."""

    def __init__(self, core: Core, public: bytes, copy: Path | None) -> None:
        self._core = core
        self._public = public
        self._copy = copy
        self._trusting = True
        self._forget()

    def look(self) -> ProvenMissing:
        """What is missing now; a quarantine begins when anything is. Raises Unavailable when the copy cannot
        be read: whether the database is whole is not known then."""
        found = self.compare()
        if found:
            with self._core.db.read() as db:
                in_force = service.in_force(db)
            if in_force is None:
                self._begin(found)
        return found

    def compare(self) -> ProvenMissing:
        """What is missing now; changes nothing. Raises Unavailable."""
        if self._copy is None:
            return ProvenMissing()
        self._read(self._copy)
        with self._core.db.read() as db:
            found = missing(self.copied, load(db, self.copied))
        if (found.ledger or found.leaves) and self._trusting and not self._heads_are_ours():
            log.error("copy.forged_head")
            self._trusting = False
            self._forget()
            return self.compare()
        return found

    def shared(self) -> Head:
        """The greatest ledger that this database and the copy have both signed, in the present history."""
        with self._core.db.read() as db:
            own = select(CheckpointRow.note).where(CheckpointRow.origin == LEDGER_ORIGIN)
            notes = set(db.scalars(own))
        lines = (line for line, _ in witness.follow(self._copy)) if self._copy is not None else iter(())
        shared, reached = NOTHING_SHARED, 0
        for line in lines:
            if isinstance(line, str) and claimed_origin(line) == LEDGER_ORIGIN:
                head = _head(line)
                if line in notes and head.size > reached:  # a smaller one behind a greater is another history
                    shared = head
                reached = max(reached, head.size)
            elif isinstance(line, RestoredCopy) and is_signed(line, self._public):
                for loss in read_restoration(line.body).losses:
                    if loss.origin == LEDGER_ORIGIN:
                        reached = loss.kept
                        if loss.kept < shared.size:
                            shared = Head(loss.kept, loss.kept_root)
        return shared

    def _begin(self, found: ProvenMissing) -> None:
        lost = self.copied.heads.get(LEDGER_ORIGIN, NOTHING_SHARED)
        kept = self.shared()
        with self._core.db.begin() as db:
            service.begin(db, self._core, kept, lost)
        log.error(
            "quarantine.begun",
            kept=kept.size,
            lost=lost.size,
            erasures=len(found.erasures),
            holds=len(found.holds),
            releases=len(found.releases),
        )

    def _forget(self) -> None:
        self.copied = Copied()
        self._offset = 0

    def _read(self, path: Path) -> None:
        try:
            if path.stat().st_size < self._offset:
                self._forget()
            for line, offset in witness.follow(path, self._offset):
                self._take(line)
                self._offset = offset
        except FileNotFoundError as error:
            if self._offset or self._something_was_copied():
                raise _unreadable(path, error) from error
        except OSError as error:
            raise _unreadable(path, error) from error

    def _something_was_copied(self) -> bool:
        with self._core.db.read() as db:
            return last(db, LEDGER_ORIGIN, copied=True) is not None

    def _take(self, line: Line | None) -> None:
        try:
            if line is None:
                raise Refused("unreadable", "a line of the copy cannot be read")
            if isinstance(line, str):
                checkpoint = claimed(line) if self._trusting else read_checkpoint(line, self._public)
                self.copied.head(checkpoint.origin, Head(checkpoint.size, checkpoint.root, line))
                return
            if isinstance(line, StampCopy):
                return  # its checkpoint stands in a line of its own
            if not is_signed(line, self._public):
                raise Refused("bad-signature", "a line of the copy is not signed by us")
            if isinstance(line, CertificateCopy):
                self.copied.certificate(read_certificate(line))
            elif isinstance(line, ActCopy):
                self.copied.act(read_act(line.body))
            else:
                self.copied.restored(read_restoration(line.body))
        except Refused as refused:
            self.copied.unproven += 1
            log.error("copy.unproven_line", reason=refused.reason)

    def _heads_are_ours(self) -> bool:
        """Whether every head that might contradict is signed by us; asked only when something does."""
        try:
            for head in self.copied.heads.values():
                if head.note:
                    read_checkpoint(head.note, self._public)
        except Refused:
            return False
        return True


def load(db: Db, copied: Copied) -> Known:
    """What this database knows of what the copy might miss in it."""
    size = as_it_stands(UnitRow.__table__.c.manifest_size)
    units = select(UnitRow.id, UnitRow.session_id, size, UnitRow.state)
    living = db.execute(units.where(UnitRow.state.in_(UNFINISHED_VALUES)))
    holds = db.execute(select(HoldRow.id, HoldRow.released_at.is_(None)))
    return Known(
        ledger=head(db)[0],
        same_ledger=_same_ledger(db, copied.heads.get(LEDGER_ORIGIN)),
        units={
            unit: KnownUnit(session, _leaves(size), state == UnitState.ERASING.value)
            for unit, session, size, state in living
        },
        holds={hold: bool(is_in_force) for hold, is_in_force in holds},
    )


def _leaves(size: object) -> int:
    """What cannot be read is an edit, which the replay names, and no older copy."""
    return size if isinstance(size, int) else sys.maxsize


def root_at(hashes: Iterable[str]) -> bytes:
    """The root of the tree of these chain hashes (hex)."""
    return grow(Frontier(), hashes).root()


def _same_ledger(db: Db, copied: Head | None) -> bool:
    if copied is None or copied.size > head(db)[0]:
        return True  # beyond what we have: nothing to compare
    mine = CheckpointRow.origin == LEDGER_ORIGIN, CheckpointRow.size == copied.size
    note = db.scalar(select(CheckpointRow.note).where(*mine))
    if isinstance(note, str) and (note == copied.note or _head(note).root == copied.root):
        return True
    return root_at(db.scalars(ledger_hashes().limit(copied.size))) == copied.root


def _head(note: str) -> Head:
    checkpoint = claimed(note)
    return Head(checkpoint.size, checkpoint.root, note)


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"The copied proofs in {path} cannot be read ({error.strerror}): is the database whole?",
        "Bring PROCTORING_CHECKPOINT_COPY back, then start again.",
    )
