"""Compares the database with the copy of its proofs: at the start of a process, and every half minute.

The copy is read first, the database after it: what the copy says was committed before it was written. A look
reads what came after the last statement that nothing was missing, and of the database the rows of that alone.
"""

import sys
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.rows import CheckpointRow
from proctoring.custody.service import head
from proctoring.errors import Unavailable
from proctoring.holds.rows import HoldRow
from proctoring.proofs.checkpoints import grow, last, ledger_hashes
from proctoring.quarantine import service
from proctoring.quarantine.model import Head
from proctoring.restore import compared
from proctoring.restore.copy_reader import NOTHING_SHARED, CopyReader, head_of
from proctoring.restore.missing import Copied, Known, KnownUnit, ProvenMissing, missing
from proctoring.tolerant import as_it_stands
from proctoring.units.model import UNFINISHED_VALUES, UnitState
from proctoring.units.rows import UnitRow
from storage.proofs.checkpoint import LEDGER_ORIGIN
from storage.proofs.note import NoteSigner
from storage.proofs.tree import Frontier

STATEMENT_BYTES = 1 << 20
"""How much of the copy is read again at most, before the database states that nothing of it is missing."""
IDS_AT_ONCE = 500

log = structlog.get_logger()


class CopyWatch:
    """Reads what was appended since it last looked. `copy` None: a restore cannot be noticed. With `signer`,
    it states how far nothing is missing."""

    def __init__(
        self, core: Core, public: bytes, copy: Path | None, signer: NoteSigner | None = None
    ) -> None:
        self._core = core
        self._public = public
        self._copy = copy
        self._signer = signer
        self._reader = CopyReader(public, copy) if copy is not None else None

    @property
    def copied(self) -> Copied:
        """What was read of the copy."""
        return self._reader.copied if self._reader is not None else Copied()

    def look(self) -> ProvenMissing:
        """Whether anything is missing now; a quarantine begins then. Raises Unavailable when the copy cannot
        be read: whether the database is whole is not known then."""
        if self._reader is None:
            return ProvenMissing()
        found = self._compare(self._reader)
        if found:
            with self._core.db.read() as db:
                in_force = service.in_force(db)
            if in_force is None and (found := self.compare()):
                self._begin(found)
        return found

    def compare(self) -> ProvenMissing:
        """What is missing now, by the whole copy; changes nothing. Raises Unavailable."""
        if self._reader is None:
            return ProvenMissing()
        self._reader.begin_after(compared.NOTHING)
        return self._compare(self._reader, whole=True)

    def shared(self) -> Head:
        """The greatest ledger that this database and the copy have both signed, in the present history."""
        with self._core.db.read() as db:
            own = select(CheckpointRow.note).where(CheckpointRow.origin == LEDGER_ORIGIN)
            notes = set(db.scalars(own))
        return self._reader.shared(notes) if self._reader is not None else NOTHING_SHARED

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

    def _compare(self, reader: CopyReader, whole: bool = False) -> ProvenMissing:
        while True:
            self._read(reader)
            with self._core.db.read() as db:
                since = compared.NOTHING if whole else self._stated(db)
                if since != reader.since:  # stated meanwhile, or a backup with its own statement was put back
                    reader.begin_after(since)
                    continue
                found = missing(reader.copied, load(db, reader.copied))
            if (found.ledger or found.leaves) and reader.doubt():
                reader.begin_after(since)
                continue
            if not found and not whole:
                self._state(reader)
            return found

    def _state(self, reader: CopyReader) -> None:
        """In one transaction with the comparison: whatever database has the statement misses nothing."""
        if self._signer is None or reader.offset - reader.since.offset < STATEMENT_BYTES:
            return
        assert self._copy is not None
        head = reader.copied.heads.get(LEDGER_ORIGIN, NOTHING_SHARED)
        with self._core.db.begin() as db:
            if service.in_force(db) is None and not missing(reader.copied, load(db, reader.copied)):
                compared.keep(db, self._signer, compared.compared(self._copy, reader.offset, head.note))

    def _stated(self, db: Db) -> compared.Compared:
        assert self._copy is not None
        try:
            return compared.last(db, self._public, self._copy)
        except FileNotFoundError:
            return compared.NOTHING
        except OSError as error:
            raise _unreadable(self._copy, error) from error

    def _read(self, reader: CopyReader) -> None:
        assert self._copy is not None
        try:
            reader.read()
        except FileNotFoundError as error:
            if reader.offset or self._something_was_copied():
                raise _unreadable(self._copy, error) from error
        except OSError as error:
            raise _unreadable(self._copy, error) from error

    def _something_was_copied(self) -> bool:
        with self._core.db.read() as db:
            return last(db, LEDGER_ORIGIN, copied=True) is not None


def load(db: Db, copied: Copied) -> Known:
    """What this database knows of what the copy might miss in it."""
    size = as_it_stands(UnitRow.__table__.c.manifest_size)
    units = select(UnitRow.id, UnitRow.session_id, size, UnitRow.state)
    living = units.where(UnitRow.state.in_(UNFINISHED_VALUES))
    holds = select(HoldRow.id, HoldRow.released_at.is_(None))
    return Known(
        ledger=head(db)[0],
        same_ledger=_same_ledger(db, copied.heads.get(LEDGER_ORIGIN)),
        units={
            unit: KnownUnit(session, _leaves(size), state == UnitState.ERASING.value)
            for some in _some(copied.units())
            for unit, session, size, state in db.execute(living.where(UnitRow.id.in_(some)))
        },
        holds={
            hold: bool(is_in_force)
            for some in _some(copied.placed.keys() | copied.released.keys())
            for hold, is_in_force in db.execute(holds.where(HoldRow.id.in_(some)))
        },
    )


def _some(ids: Collection[str]) -> Iterator[list[str]]:
    following = iter(ids)
    while some := list(islice(following, IDS_AT_ONCE)):
        yield some


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
    if isinstance(note, str) and (note == copied.note or head_of(note).root == copied.root):
        return True
    return root_at(db.scalars(ledger_hashes().limit(copied.size))) == copied.root


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"The copied proofs in {path} cannot be read ({error.strerror}): is the database whole?",
        "Bring PROCTORING_CHECKPOINT_COPY back, then start again.",
    )
