"""A vault with two candidates, everything signed and copied, for an attacker to edit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.proofs.chains import ledger_faults, object_faults
from proctoring.recordings.rows import SegmentRow
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from storage.objects.naming import unit_prefix
from storage.objects.store import ObjectStore
from storage.proofs import witness
from tests.support import sqlite
from tests.support.packages import checkpoints
from tests.support.world import World


@dataclass
class Vault:
    """Two candidates with three streams each, everything signed and copied off the host."""

    world: World
    copy: Path
    first: Session
    second: Session

    def faults(self, copied: bool = True) -> set[str]:
        lines = witness.read(self.copy)[0] if copied else []
        with self.world.core.db.read() as db:
            found = ledger_faults(db, self.world.signer.public, lines)
            return {fault.code for fault in [*found, *object_faults(db, self.world.objects)]}

    def unit(self, session: Session, kind: str = "webcam") -> str:
        mine = select(UnitRow.id).where(UnitRow.session_id == session.id, UnitRow.kind == kind)
        with self.world.core.db.read() as db:
            return db.scalars(mine).one()

    def keys(self, session: Session, kind: str = "webcam") -> list[str]:
        return [one.key for one in self.world.objects.versions(unit_prefix(self.unit(session, kind)))]


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    world = World(tmp_path)
    copy = world.folder / "elsewhere"
    first, second = world.ended(), world.ended()
    checkpoints(world, copy).run()
    made = Vault(world, copy, first, second)
    assert made.faults() == set()
    yield made
    world.core.db.close()


def rechain(db: Db, unit_id: str) -> None:
    """What a careful attacker does after editing a manifest's rows: every hash right again, to the head."""
    unit, prev = db.get_one(UnitRow, unit_id), "0" * 64
    rows = db.scalars(
        select(SegmentRow).where(SegmentRow.unit_id == unit_id).order_by(SegmentRow.position)
    ).all()
    for row in rows:
        prev = row.leaf_hash = row.leaf(prev).hash()
    unit.manifest_size, unit.manifest_head = len(rows), prev
    db.flush()


def backup(vault: Vault, to: Path) -> None:
    sqlite.copy(vault.world.folder / "world.db", to)


def restore(vault: Vault, saved: Path) -> None:
    vault.world.core.db.close()
    sqlite.copy(saved, vault.world.folder / "world.db")


def replace(objects: ObjectStore, key: str, data: bytes) -> None:
    """What the owner of a bucket can do, write-once names or not."""
    objects.delete([one for one in objects.versions(key[: len("u/") + 17]) if one.key == key])
    objects.put(key, data)
