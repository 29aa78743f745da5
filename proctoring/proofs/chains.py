"""Comparing the database with itself and with the copies of its proofs that left the host.

An edited row breaks a chain. An edited chain no longer fits the signed heads. A database rolled back to an
old backup no longer fits the copy elsewhere. Each fault has a code.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, Entry, first_break
from proctoring.custody.rows import CertificateRow, CheckpointRow, EntryRow
from proctoring.custody.service import entries, head
from proctoring.proofs.bodies import read_certificate
from proctoring.proofs.checkpoints import ledger_hashes
from proctoring.proofs.restorations import Declared, declared
from proctoring.recordings.rows import SegmentRow
from proctoring.units.model import LIVING_VALUES, UnitState
from proctoring.units.rows import UnitRow
from storage.errors import NotAuthentic, ObjectMissing, Refused
from storage.objects.store import ObjectStore
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint, unit_of
from storage.proofs.manifest import GENESIS, digest
from storage.proofs.manifest import first_break as first_leaf_break
from storage.proofs.sign import Purpose, check_body
from storage.proofs.tree import Frontier
from storage.proofs.witness import CertificateCopy, Line


@dataclass(frozen=True, slots=True)
class Fault:
    """`code` for machines; `detail` says which one and what of it, with random ids only."""

    code: str
    detail: str


def ledger_faults(db: Db, public: bytes, copies: Sequence[Line] = ()) -> list[Fault]:
    """Every fault of ledger, manifests, checkpoints and certificates; none is the proof that all is well.

    A history that was lost with a restore, and declared as such, contradicts nothing; see `restorations`.
    """
    stands = declared(copies, public)
    faults = [*_ledger(db), *_units(db), *_certificates(db, public, copies)]
    if copies:
        faults += _restorations(db, stands)
    copies = stands.standing
    own: list[Line] = list(db.scalars(select(CheckpointRow.note)))
    signed: dict[str, list[tuple[str, Checkpoint]]] = defaultdict(list)
    for where, lines in (("own", own), ("copied", copies)):
        for line in lines:
            if isinstance(line, str):
                try:
                    checkpoint = read_checkpoint(line, public)
                except Refused as refused:
                    faults.append(Fault("checkpoint.signature", f"a {where} checkpoint: {refused}"))
                    continue
                signed[checkpoint.origin].append((where, checkpoint))
    for origin, checkpoints in signed.items():
        unit_id = unit_of(origin)
        hashes = db.scalars(ledger_hashes()) if unit_id is None else _leaf_hashes(db, unit_id)
        faults += _compare(origin, hashes, checkpoints)
    for unit_id in db.scalars(select(UnitRow.id).order_by(UnitRow.id)).all():
        faults += _manifest(db, unit_id)
    return faults


def restorations(db: Db) -> list[Entry]:
    """Every declared break of the ledger, with both heads in its detail."""
    return [entry for entry in entries(db) if entry.action is Action.LEDGER_RESTORED]


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


def _ledger(db: Db) -> Iterator[Fault]:
    chain = entries(db)
    broken = first_break(chain)
    if broken is None and head(db) != (len(chain), chain[-1].hash if chain else GENESIS):
        broken = len(chain) + 1
    if broken is not None:
        yield Fault("ledger.chain", f"the chain breaks at entry {broken} of {head(db)[0]}")


def _restorations(db: Db, stands: Declared) -> Iterator[Fault]:
    """What the copy declares the ledger must tell with the same heads, and the other way round."""
    told = {str(entry.detail["quarantine"]): entry.detail for entry in restorations(db)}
    for restoration in stands.restorations:
        loss = next(one for one in restoration.losses if one.origin == LEDGER_ORIGIN)
        heads = loss.kept, loss.kept_root.hex(), loss.lost, loss.lost_root.hex()
        detail = told.get(restoration.quarantine, {})
        if tuple(detail.get(name) for name in ("kept", "kept_root", "lost", "lost_root")) != heads:
            yield Fault("restore.undeclared", f"the ledger does not tell of restore {restoration.quarantine}")
    for quarantine in sorted(told.keys() - stands.quarantines):
        yield Fault("restore.undeclared", f"no copied line declares restore {quarantine} of the ledger")


def _units(db: Db) -> Iterator[Fault]:
    """Each unit is still of the session and the stream that its takes were entered for."""
    units = {unit.id: unit for unit in db.scalars(select(UnitRow))}
    begun = select(EntryRow).where(EntryRow.action == Action.TAKE_BEGIN.value)
    for row in db.scalars(begun.execution_options(yield_per=1000)):
        unit = units.get(row.unit_id or "")
        if unit is None or (unit.session_id, unit.kind) != (row.session_id, row.detail.get("stream")):
            yield Fault("unit.moved", f"unit {row.unit_id} is not what entry {row.number} began")


def _manifest(db: Db, unit_id: str) -> Iterator[Fault]:
    unit = db.get_one(UnitRow, unit_id)
    mine = select(SegmentRow).where(SegmentRow.unit_id == unit_id).order_by(SegmentRow.position)
    rows = db.scalars(mine).all()
    leaves = [row.leaf() for row in rows]
    broken = first_leaf_break(leaves)
    for position, row in enumerate(rows):
        if row.position != position or row.leaf_hash != leaves[position].hash():
            broken = position if broken is None else min(broken, position)
            break
    if broken is None and (unit.manifest_size, unit.manifest_head) != (
        len(leaves),
        leaves[-1].hash() if leaves else GENESIS,
    ):
        broken = len(leaves)
    if broken is not None:
        yield Fault("manifest.chain", f"unit {unit_id}: the chain breaks at segment {broken}")


def _leaf_hashes(db: Db, unit_id: str) -> list[str]:
    """Computed from the rows, not as the rows claim."""
    mine = select(SegmentRow).where(SegmentRow.unit_id == unit_id).order_by(SegmentRow.position)
    return [row.leaf().hash() for row in db.scalars(mine)]


def _compare(
    origin: str, hashes: Iterable[str], checkpoints: list[tuple[str, Checkpoint]]
) -> Iterator[Fault]:
    frontier = Frontier()
    ordered = sorted(checkpoints, key=lambda pair: pair[1].size)
    following = iter(hashes)
    for where, checkpoint in ordered:
        while frontier.size < checkpoint.size:
            leaf = next(following, None)
            if leaf is None:
                detail = f"{origin} has {frontier.size} leaves; a {where} checkpoint saw {checkpoint.size}"
                yield Fault("tree.rolled_back", detail)
                return
            frontier.append(bytes.fromhex(leaf))
        if frontier.root() != checkpoint.root:
            yield Fault(
                "tree.rewritten", f"{origin}: a {where} checkpoint of {checkpoint.size} leaves differs"
            )
            return


def _certificates(db: Db, public: bytes, copies: Sequence[Line]) -> Iterator[Fault]:
    """What was certified as erased once must be erased still, whatever a restored database says."""
    for row in db.scalars(select(CertificateRow)):
        try:
            check_body(public, Purpose.CERTIFICATE, row.body, row.signature)
        except NotAuthentic:
            yield Fault("certificate.signature", f"certificate {row.id} is not as it was signed")
    for copy in copies:
        if isinstance(copy, CertificateCopy) and not _is_true(db, copy):
            yield Fault("erasure.undone", f"the certificate {copy.body[:200]} is not true any more")


def _is_true(db: Db, copy: CertificateCopy) -> bool:
    """Whether its unit is erased here and has this certificate, or is not in this database at all. In the
    second case the ledger's checkpoints tell whether that may be."""
    try:
        unit = db.get(UnitRow, read_certificate(copy).unit)
    except Refused:
        return False
    issued = db.scalars(select(CertificateRow.unit_id).where(CertificateRow.body == copy.body)).first()
    if unit is None:
        return issued is None
    return (unit.id, unit.state, unit.sealed_private_key) == (issued, UnitState.ERASED.value, None)
