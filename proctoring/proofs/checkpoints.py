"""Checkpoints: every manifest and the ledger get a signed head as they grow, and each head leaves the host.

A job makes them, never capture, which holds no signing key. A checkpoint is made from the previous one and
the new hashes. So a change of signed content shows as a root that does not match.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Select, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Db
from sqlalchemy.orm import defer, load_only

from proctoring.core import Core
from proctoring.custody.apart import apart
from proctoring.custody.rows import CertificateCopyRow, CertificateRow, CheckpointRow, EntryRow, StampRow
from proctoring.custody.service import head
from proctoring.proofs.copied_acts import ActCopier
from proctoring.quarantine.service import check_none
from proctoring.recordings.rows import SegmentRow
from proctoring.tolerant import is_text
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, unit_origin
from storage.proofs.note import NoteSigner
from storage.proofs.tree import Frontier
from storage.proofs.witness import CertificateCopy, Line, StampCopy

CHECKPOINT_INTERVAL_S = 30
"""How often the job comes round: a head is signed within a minute of the segment's arrival."""
COPY_BATCH = 1000
UNITS_AT_ONCE = 50
"""Units signed in one transaction: on SQLite nobody else writes meanwhile."""
UNREAD = (defer(CheckpointRow.made_at), defer(CheckpointRow.copied_at), defer(CheckpointRow.peaks))

log = structlog.get_logger()


class Checkpoints:
    """The job: sign what has grown, copy it off the host, have it time-stamped where an authority is set.
    Holds the signing key and no other."""

    def __init__(
        self,
        core: Core,
        signer: NoteSigner,
        copy: Path | None,
        stamp: Callable[[], bool] = lambda: False,
    ) -> None:
        self._core = core
        self._signer = signer
        self._copy = copy
        self._stamp = stamp

    def run(self) -> tuple[int, int]:
        """How many checkpoints were made and how many lines were copied. Raises OSError when the copy cannot
        be written; what was signed stays and is copied by a later round. Raises Quarantined: what a database
        that is not whole would sign contradicts what was signed before."""
        with self._core.db.read() as db:
            units = unsigned_units(db)
        made = 0
        for first in range(0, len(units) + 1, UNITS_AT_ONCE):  # the ledger also where no unit has grown
            with self._core.db.begin() as db:
                check_none(db)
                some = units[first : first + UNITS_AT_ONCE]
                made += sign_heads(db, self._core, self._signer, some)
        copied = self._copy_all()
        if self._stamp():
            copied += self._copy_all()
        return made, copied

    def _copy_all(self) -> int:
        copied = 0
        if self._copy is not None:
            copied += ActCopier(self._core, self._signer, self._copy).run()
        while self._copy is not None and (batch := self._copy_batch(self._copy)):
            copied += batch
        return copied

    def _copy_batch(self, path: Path) -> int:
        with self._core.db.read() as db:
            checkpoints, certificates = _not_copied(db)
            stamps = _stamps_not_copied(db)
        lines: list[Line] = [row.note for row in checkpoints]
        lines += [StampCopy(note, stamp.answer) for stamp, note in stamps]
        lines += [CertificateCopy(row.body, row.signature) for row in certificates]
        witness.append(path, lines)
        now = self._core.clock()
        with self._core.db.begin() as db:
            for row in checkpoints:
                mine = CheckpointRow.origin == row.origin, CheckpointRow.size == row.size
                db.execute(update(CheckpointRow).where(*mine).values(copied_at=now))
            for stamp, _ in stamps:
                db.execute(update(StampRow).where(StampRow.size == stamp.size).values(copied_at=now))
            for certificate in certificates:
                db.merge(CertificateCopyRow(certificate_id=certificate.id, copied_at=now))
        return len(lines)


_HEAD_SIGNED = exists().where(
    CheckpointRow.origin == unit_origin("") + UnitRow.id, CheckpointRow.size == UnitRow.manifest_size
)


def unsigned_units(db: Db, session_id: str | None = None) -> list[str]:
    """Living units, of all sessions or of one, that are new or have grown since their head was signed."""
    units = select(UnitRow.id).where(UnitRow.unsigned, UnitRow.state.in_(LIVING_VALUES)).order_by(UnitRow.id)
    return list(db.scalars(units if session_id is None else units.where(UnitRow.session_id == session_id)))


def mark_unsigned(db: Db, units: Collection[str]) -> None:
    """Of these units, mark the living ones whose head is not signed, whatever their mark says."""
    bare = UnitRow.id.in_(units), UnitRow.state.in_(LIVING_VALUES), ~UnitRow.unsigned, ~_HEAD_SIGNED
    db.execute(update(UnitRow).where(*bare).values(unsigned=True))


def sign_heads(db: Db, core: Core, signer: NoteSigner, units: Sequence[str]) -> int:
    """Sign the heads of these manifests and of the ledger where it has grown; how many were made. One that
    cannot be read keeps no other."""
    made = 0
    for unit in units:
        with apart(db, unit):
            made += _extend(db, core, signer, unit_origin(unit), partial(leaf_hashes, unit))
            db.execute(update(UnitRow).where(UnitRow.id == unit, _HEAD_SIGNED).values(unsigned=False))
    if head(db)[0] == 0:
        return made
    with apart(db, LEDGER_ORIGIN):
        made += _extend(db, core, signer, LEDGER_ORIGIN, ledger_hashes)
    return made


def leaf_hashes(unit_id: str, size: int = 0) -> Select[str]:
    """The chain hashes (hex) of a manifest's leaves from position `size` on."""
    mine = SegmentRow.unit_id == unit_id, SegmentRow.position >= size
    return select(SegmentRow.leaf_hash).where(*mine).order_by(SegmentRow.position)


def ledger_hashes(size: int = 0) -> Select[str]:
    """The chain hashes (hex) of the ledger's entries after the first `size`."""
    return select(EntryRow.hash).where(EntryRow.number > size).order_by(EntryRow.number)


def notes(db: Db, origin: str) -> list[str]:
    """Every checkpoint of a tree, the smallest first."""
    mine = select(CheckpointRow.note).where(CheckpointRow.origin == origin)
    return list(db.scalars(mine.order_by(CheckpointRow.size)))


def last(db: Db, origin: str, copied: bool = False) -> CheckpointRow | None:
    """The newest checkpoint of a tree; the newest that has left the host, if `copied`."""
    mine = select(CheckpointRow).where(CheckpointRow.origin == origin)
    if copied:
        mine = mine.where(CheckpointRow.copied_at.is_not(None))
    return db.scalar(mine.order_by(CheckpointRow.size.desc()).limit(1))


def grow(frontier: Frontier, hashes: Iterable[str]) -> Frontier:
    """The same frontier with leaves of these chain hashes (hex) appended."""
    for one in hashes:
        frontier.append(bytes.fromhex(one))
    return frontier


def _extend(db: Db, core: Core, signer: NoteSigner, origin: str, since: Callable[[int], Select[str]]) -> int:
    """1 when a checkpoint was made, 0 when there was nothing new or another worker was faster."""
    newest = select(CheckpointRow.size, CheckpointRow.peaks).where(CheckpointRow.origin == origin)
    before = db.execute(newest.order_by(CheckpointRow.size.desc()).limit(1)).first()
    frontier = Frontier()
    if before is not None:
        frontier = Frontier(before.size, [bytes.fromhex(peak) for peak in before.peaks])
    grow(frontier, db.scalars(since(frontier.size)))
    if before is not None and frontier.size == before.size:
        return 0
    row = CheckpointRow(
        origin=origin,
        size=frontier.size,
        peaks=[peak.hex() for peak in frontier.peaks],
        note=Checkpoint(origin, frontier.size, frontier.root()).signed(signer),
        made_at=core.clock(),
    )
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:
        log.info("checkpoint.made_before", origin=origin, size=frontier.size)
        return 0
    return 1


def _not_copied(db: Db) -> tuple[list[CheckpointRow], list[CertificateRow]]:
    checkpoints = select(CheckpointRow).options(*UNREAD).where(CheckpointRow.copied_at.is_(None))
    copied = exists().where(CertificateCopyRow.certificate_id == CertificateRow.id)
    columns = load_only(CertificateRow.body, CertificateRow.signature)
    certificates = select(CertificateRow).options(columns).where(~copied).order_by(CertificateRow.issued_at)
    signed = db.scalars(checkpoints.order_by(CheckpointRow.made_at).limit(COPY_BATCH))
    made = db.scalars(certificates.limit(COPY_BATCH))
    return (
        [row for row in signed if is_text(row.note)],
        [row for row in made if is_text(row.body, row.signature)],
    )


def _stamps_not_copied(db: Db) -> list[tuple[StampRow, str]]:
    query = (
        select(StampRow, CheckpointRow.note)
        .options(load_only(StampRow.answer))
        .where(
            StampRow.copied_at.is_(None),
            CheckpointRow.origin == LEDGER_ORIGIN,
            CheckpointRow.size == StampRow.size,
        )
    )
    found = db.execute(query.order_by(StampRow.size).limit(COPY_BATCH))
    return [(row[0], row[1]) for row in found if is_text(row[0].answer, row[1])]
