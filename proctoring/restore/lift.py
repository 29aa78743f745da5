"""Leaving the quarantine: lost records are reported, a person answers for them, both histories are declared.

The declaration goes into the copy first and into the database after it. After a crash in between, the
quarantine is still in force and is lifted again.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import head
from proctoring.errors import Conflict
from proctoring.holds.model import check_reason
from proctoring.proofs.bodies import Loss, Restoration
from proctoring.proofs.checkpoints import leaf_hashes
from proctoring.quarantine import service
from proctoring.quarantine.model import Head, Quarantine
from proctoring.restore.compare import CopyWatch, root_at
from proctoring.restore.missing import Copied, ProvenMissing
from proctoring.units.rows import UnitRow
from storage.proofs import witness
from storage.proofs.checkpoint import LEDGER_ORIGIN, unit_of
from storage.proofs.sign import NoteSigner, Purpose, sign_body
from storage.proofs.witness import RestoredCopy


@dataclass(frozen=True, slots=True)
class Unproven:
    """Losses that no proof brings back. `entries`: known lost ledger entries, besides any after the last
    copied head. `since`: of the last entry that both histories surely share."""

    since: datetime | None
    entries: int
    units: tuple[str, ...]  # of recordings that this database has never heard of
    holds: tuple[str, ...]  # in force, on such recordings
    leaves: tuple[tuple[str, int], ...]  # living units, and how many segments of each are lost


def unproven(db: Db, copied: Copied, missing: ProvenMissing, quarantine: Quarantine) -> Unproven:
    """For a person to read before lifting."""
    units = set(db.scalars(select(UnitRow.id)))
    mentioned = {unit for origin in copied.heads if (unit := unit_of(origin)) is not None}
    holds = (act for hold, act in copied.placed.items() if hold not in copied.released)
    last_kept = db.get(EntryRow, quarantine.kept)
    return Unproven(
        since=last_kept.at if last_kept else None,
        entries=max(0, max(quarantine.lost, copied.seen) - quarantine.kept),
        units=tuple(sorted((mentioned | copied.erasures.keys()) - units)),
        holds=tuple(sorted(act.hold or "" for act in holds if not units & set(act.units))),
        leaves=missing.leaves,
    )


def lift(
    core: Core, signer: NoteSigner, watch: CopyWatch, copy: Path, *, by: Actor, reason: str
) -> Restoration:
    """Raises Conflict when there is none, or while something provable is still missing. Raises Invalid
    without a reason, OSError when the copy cannot be written."""
    reason = check_reason(reason)
    found = watch.compare()
    with core.db.read() as db:
        quarantine = service.in_force(db)
        if quarantine is None:
            raise Conflict("There is no quarantine.", "`proctoring quarantine show` compares anew.")
        if found.replayable:
            raise Conflict(
                "Something that the copied proofs prove is still missing.",
                "Run `proctoring quarantine replay`.",
            )
        losses = (_ledger_loss(quarantine), *_unit_losses(db, watch.copied))
        restoration = Restoration(quarantine.id, core.clock(), head(db)[0], losses)
    body = restoration.body()
    witness.append(copy, [RestoredCopy(body, sign_body(signer, Purpose.RESTORATION, body))])
    with core.db.begin() as db:
        if not service.end(db, core, by, quarantine, reason):
            raise Conflict("Somebody else has just lifted it.", "Look with `proctoring quarantine show`.")
    return restoration


def _ledger_loss(quarantine: Quarantine) -> Loss:
    roots = bytes.fromhex(quarantine.kept_root), bytes.fromhex(quarantine.lost_root)
    return Loss(LEDGER_ORIGIN, quarantine.kept, roots[0], quarantine.lost, roots[1])


def _unit_losses(db: Db, copied: Copied) -> list[Loss]:
    sizes = {row.id: row.manifest_size for row in db.execute(select(UnitRow.id, UnitRow.manifest_size))}
    losses = []
    for origin, lost in sorted(copied.heads.items()):
        unit = unit_of(origin)
        kept = sizes.get(unit or "", 0)
        if unit is not None and lost.size > kept:
            losses.append(_loss(db, origin, unit, kept, lost))
    return losses


def _loss(db: Db, origin: str, unit: str, kept: int, lost: Head) -> Loss:
    return Loss(origin, kept, root_at(db.scalars(leaf_hashes(unit))), lost.size, lost.root)
