"""Comparing the database with itself and with the copies of its proofs that left the host.

An edited row breaks a chain. An edited chain no longer fits the signed heads. A database rolled back to an
old backup no longer fits the copy elsewhere. Each fault has a code.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import or_, select, true
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, Entry, entry_hash
from proctoring.custody.rows import CertificateRow, EntryRow
from proctoring.custody.service import entries, head
from proctoring.proofs.bodies import read_certificate
from proctoring.proofs.copied_proofs import CopiedProofs
from proctoring.proofs.manifests import Manifests
from proctoring.proofs.read import Unreadable, read_entries
from proctoring.proofs.signed_heads import Fault, Heads, compare_tree
from proctoring.recordings.rows import SegmentRow
from proctoring.units.model import LIVING_VALUES, UnitState
from proctoring.units.rows import UnitRow
from storage.errors import NotAuthentic, ObjectMissing, Refused
from storage.objects.store import ObjectStore
from storage.proofs.checkpoint import LEDGER_ORIGIN
from storage.proofs.manifest import GENESIS, digest
from storage.proofs.sign import Purpose, check_body
from storage.proofs.witness import CertificateCopy, Line

ROWS_AT_ONCE = 1_000


def ledger_faults(
    db: Db, public: bytes, copies: Iterable[Line] = (), manifests: Manifests | None = None
) -> list[Fault]:
    """Every fault of ledger, manifests, checkpoints and certificates; none is the proof that all is well.

    A history that was lost with a restore, and declared as such, contradicts nothing; see `restorations`.
    `manifests`: as far as they were seen already (`seen_with`), with the copies.
    """
    manifests = manifests or seen_with(db, public, copies)
    copied = manifests.heads.copied
    faults = [*_ledger(db, manifests.heads), *_units(db), *_certificates(db, public, copied)]
    if copied.lines:
        faults += _restorations(db, copied)
    return [*faults, *manifests.rest(), *manifests.heads.faults]


def seen_with(db: Db, public: bytes, copies: Iterable[Line] = ()) -> Manifests:
    """For whoever reads all leaves anyway (`compare_all_rows`): each is then read once."""
    return Manifests(db, Heads(db, public, CopiedProofs(copies, public)))


def restorations(db: Db) -> list[Entry]:
    """Every declared break of the ledger, with both heads in its detail."""
    return entries(db, action=Action.LEDGER_RESTORED)


def refusals(db: Db) -> list[Entry]:
    """Every time that nothing was sealed, since a unit's row held another key than its own: for good, also
    once the right one is back."""
    refused = select(EntryRow).where(EntryRow.action == Action.TAKE_REFUSE.value)
    return [row.model() for row in db.scalars(refused.order_by(EntryRow.number))]


def object_faults(db: Db, objects: ObjectStore) -> Iterator[Fault]:
    """Whether the store still has every living segment as it was put there. Reads all of it.

    Raises StoreFailed when the store is unreachable.
    """
    living = select(SegmentRow).join(UnitRow, UnitRow.id == SegmentRow.unit_id)
    for row in db.scalars(living.where(UnitRow.state.in_(LIVING_VALUES)).execution_options(yield_per=1000)):
        try:
            if digest(objects.get(row.object_key)) != row.ct_sha256:
                yield Fault("segment.altered", row.object_key)
        except ObjectMissing:
            yield Fault("segment.missing", row.object_key)


class _Chain:
    """The ledger's chain as it is read; `broken`: the first entry that does not follow."""

    def __init__(self) -> None:
        self.number, self.hash = 0, GENESIS
        self.broken: int | None = None
        self.unreadable: int | None = None

    def read(self, db: Db) -> Iterator[str]:
        """The hash of each entry, as its row has it."""
        for expected, entry in enumerate(read_entries(db, true()), start=1):
            if isinstance(entry, Unreadable):
                self.unreadable = self.unreadable or entry.number
            if self.broken is None and not self._follows(expected, entry):
                self.broken = expected
            self.number, self.hash = expected, entry.hash
            yield entry.hash

    def _follows(self, expected: int, entry: Entry | Unreadable) -> bool:
        place = entry.number, entry.prev
        hashed = entry_hash(entry.body()) if isinstance(entry, Entry) else None
        return place == (expected, self.hash) and entry.hash == hashed


def _ledger(db: Db, heads: Heads) -> Iterator[Fault]:
    chain = _Chain()
    hashes = chain.read(db)
    yield from compare_tree(LEDGER_ORIGIN, hashes, heads.of(LEDGER_ORIGIN))
    for _ in hashes:  # to its end
        pass
    broken = chain.broken
    if broken is None and head(db) != (chain.number, chain.hash):
        broken = chain.number + 1
    if broken is not None:
        yield Fault("ledger.chain", f"the chain breaks at entry {broken} of {head(db)[0]}")
    if chain.unreadable is not None:
        yield Fault("rows.unreadable", f"entry {chain.unreadable} cannot be read")


def _restorations(db: Db, copied: CopiedProofs) -> Iterator[Fault]:
    """What the copy declares the ledger must tell with the same heads, and the other way round."""
    told = {str(entry.detail["quarantine"]): entry.detail for entry in restorations(db)}
    for restoration in copied.restorations:
        loss = next(one for one in restoration.losses if one.origin == LEDGER_ORIGIN)
        heads = loss.kept, loss.kept_root.hex(), loss.lost, loss.lost_root.hex()
        detail = told.get(restoration.quarantine, {})
        if tuple(detail.get(name) for name in ("kept", "kept_root", "lost", "lost_root")) != heads:
            yield Fault("restore.undeclared", f"the ledger does not tell of restore {restoration.quarantine}")
    for quarantine in sorted(told.keys() - copied.quarantines):
        yield Fault("restore.undeclared", f"no copied line declares restore {quarantine} of the ledger")


def _units(db: Db) -> Iterator[Fault]:
    """Each unit is still of the session and the stream that its takes were entered for."""
    entry = EntryRow.number, EntryRow.unit_id, EntryRow.detail, EntryRow.session_id
    begun = select(*entry, UnitRow.session_id, UnitRow.kind).outerjoin(
        UnitRow, UnitRow.id == EntryRow.unit_id
    )
    mine = begun.where(EntryRow.action == Action.TAKE_BEGIN.value).order_by(EntryRow.number)
    for number, unit_id, detail, *found in db.execute(mine.execution_options(yield_per=ROWS_AT_ONCE)):
        if found != [found[0], found[0], detail.get("stream")]:
            yield Fault("unit.moved", f"unit {unit_id} is not what entry {number} began")


def _certificates(db: Db, public: bytes, copied: CopiedProofs) -> Iterator[Fault]:
    """What was certified as erased once must be erased still, whatever a restored database says."""
    signed = select(CertificateRow.id, CertificateRow.body, CertificateRow.signature)
    for row in db.execute(signed.execution_options(yield_per=ROWS_AT_ONCE)):
        try:
            check_body(public, Purpose.CERTIFICATE, row.body, row.signature)
        except NotAuthentic:
            yield Fault("certificate.signature", f"certificate {row.id} is not as it was signed")
    for copy in copied.certificates():
        if not _is_true(db, copy):
            yield Fault("erasure.undone", f"the certificate {copy.body[:200]} is not true any more")


def _is_true(db: Db, copy: CertificateCopy) -> bool:
    """Whether its unit is erased here and has this certificate, or is not in this database at all. In the
    second case the ledger's checkpoints tell whether that may be."""
    try:
        erasure = read_certificate(copy)
    except Refused:
        return False
    unit = db.get(UnitRow, erasure.unit)
    mine = or_(CertificateRow.id == erasure.certificate_id, CertificateRow.unit_id == erasure.unit)
    same = select(CertificateRow.unit_id).where(mine, CertificateRow.body == copy.body)
    issued = db.scalars(same).first()
    if unit is None:
        return issued is None
    return (unit.id, unit.state, unit.sealed_private_key) == (issued, UnitState.ERASED.value, None)
