"""Attacks on the running vault: by whoever writes to the database, owns the bucket or steals a backup.

Each is found by name by what `proctoring ledger verify` runs, or opens nothing.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, entry_hash
from proctoring.custody.rows import CertificateRow, CheckpointRow, EntryRow, LedgerHeadRow
from proctoring.custody.service import enter, entries
from proctoring.errors import Conflict
from proctoring.evidence.export import Exporter
from proctoring.proofs.chains import audit, audit_objects
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, NotAuthentic, VaultError
from storage.keys.folder import KeyFolder
from storage.objects.naming import unit_prefix
from storage.objects.store import ObjectStore
from storage.proofs import witness
from storage.proofs.manifest import digest
from storage.seal import Opener
from tests.support.packages import ASKED, checkpoints, export
from tests.support.world import ADMIN, World

SECRET = b"somebody's living room, in clear"


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
            found = audit(db, self.world.signer.public, lines)
            return {fault.code for fault in [*found, *audit_objects(db, self.world.objects)]}

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
        row.prev = prev
        prev = row.leaf_hash = row.leaf().hash()
    unit.manifest_size, unit.manifest_head = len(rows), prev
    db.flush()


def rechain_ledger(db: Db) -> None:
    """The same for the whole ledger."""
    prev = "0" * 64
    for row in db.scalars(select(EntryRow).order_by(EntryRow.number)):
        row.prev = prev
        prev = row.hash = entry_hash(row.model().body() | {"prev": prev})
    head = db.scalars(select(LedgerHeadRow)).one()
    head.hash = prev
    db.flush()


Edit = Callable[[Db, Vault], None]


def move_segment(db: Db, vault: Vault) -> None:
    """Between places of one stream, with every hash of the chain made right."""
    mine = (
        select(SegmentRow).where(SegmentRow.unit_id == vault.unit(vault.first)).order_by(SegmentRow.position)
    )
    one, two = db.scalars(mine).all()[:2]
    one.start_ms, two.start_ms = two.start_ms, one.start_ms
    rechain(db, one.unit_id)


def cut_tail(db: Db, vault: Vault) -> None:
    unit = vault.unit(vault.first)
    db.delete(db.get_one(SegmentRow, (unit, 2)))
    db.flush()
    rechain(db, unit)


def cut_tail_and_checkpoints(db: Db, vault: Vault) -> None:
    cut_tail(db, vault)
    for row in db.scalars(select(CheckpointRow)).all():
        db.delete(row)


def edit_actor(db: Db, vault: Vault) -> None:
    db.execute(update(EntryRow).where(EntryRow.number == 3).values(actor="somebody else"))


def edit_actor_and_rechain(db: Db, vault: Vault) -> None:
    edit_actor(db, vault)
    rechain_ledger(db)


def move_unit(db: Db, vault: Vault) -> None:
    """The second candidate's webcam becomes the first one's."""
    one, two = vault.unit(vault.first), vault.unit(vault.second)
    db.execute(update(UnitRow).where(UnitRow.id == one).values(kind="identity"))
    db.execute(update(UnitRow).where(UnitRow.id == two).values(session_id=vault.first.id))


def change_streams(db: Db, vault: Vault) -> None:
    webcam, screen = vault.unit(vault.first), vault.unit(vault.first, "screen")
    for unit, kind in ((webcam, "x"), (screen, "webcam"), (webcam, "screen")):
        db.execute(update(UnitRow).where(UnitRow.id == unit).values(kind=kind))


@pytest.mark.promise("P13")
@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda db, _: db.execute(update(SegmentRow).values(start_ms=1)), "manifest.chain"),
        (lambda db, _: db.execute(update(SegmentRow).values(leaf_hash="0" * 64)), "manifest.chain"),
        (lambda db, _: db.execute(update(UnitRow).values(manifest_size=2)), "manifest.chain"),
        (move_segment, "tree.rewritten"),
        (cut_tail, "tree.rolled_back"),
        (cut_tail_and_checkpoints, "tree.rolled_back"),
        (edit_actor, "ledger.chain"),
        (edit_actor_and_rechain, "tree.rewritten"),
        (move_unit, "unit.moved"),
        (change_streams, "unit.moved"),
        (lambda db, _: db.execute(update(CheckpointRow).values(note="x")), "checkpoint.signature"),
    ],
)
def test_a_row_edited_in_the_database_is_found(vault: Vault, edit: Edit, code: str) -> None:
    """Also when the attacker recomputes every hash that needs no key."""
    with vault.world.core.db.begin() as db:
        edit(db, vault)
    assert code in vault.faults()


def test_two_objects_swapped_in_the_bucket_open_for_nobody(vault: Vault) -> None:
    """Between candidates, streams and places: the audit names them, and no package is made of them."""
    objects = vault.world.objects
    mine = vault.keys(vault.first)
    for other in (vault.keys(vault.second)[0], vault.keys(vault.first, "screen")[0], mine[1]):
        exchange(objects, mine[0], other)
        assert "segment.altered" in vault.faults()
        with pytest.raises(Conflict, match="not the one in the manifest"):
            export(vault.world, vault.first, vault.world.folder / "package")
        exchange(objects, mine[0], other)
    assert vault.faults() == set()


def test_an_object_swapped_with_its_leaf_does_not_open_in_the_wrong_place(vault: Vault) -> None:
    """Bucket and database in one hand, every hash made right, no checkpoint left: the seal itself refuses."""
    keys, other = vault.keys(vault.first), vault.keys(vault.second)
    replace(vault.world.objects, keys[0], vault.world.objects.get(other[0]))
    with vault.world.core.db.begin() as db:
        row = db.get_one(SegmentRow, (vault.unit(vault.first), 0))
        sealed = vault.world.objects.get(keys[0])
        row.ct_sha256, row.ct_len = digest(sealed), len(sealed)
        rechain(db, row.unit_id)
        for checkpoint in db.scalars(select(CheckpointRow)).all():
            db.delete(checkpoint)
    world, folder = vault.world, vault.world.folder / "package"
    with pytest.raises(Conflict, match="not as the ledger tells"):
        export(world, vault.first, folder)
    unaware = Exporter(world.core, world.objects, world.opener, world.signer, lambda _db, _session: ())
    with pytest.raises(Conflict, match="does not open"):
        unaware.export(vault.first.id, folder, ADMIN, "court", ASKED)
    assert "tree.rewritten" in vault.faults()


def test_an_insider_of_the_bucket_reads_nothing_and_is_found_altering_or_deleting(vault: Vault) -> None:
    """Ciphertext only; a bit turned or an object gone is named."""
    session = vault.world.admitted()
    begun = vault.world.begin(session)
    vault.world.store(begun, 0, vault.world.clock.unix_ms, SECRET * 100)
    key = next(iter(vault.world.objects.versions(unit_prefix(begun.take.unit_id)))).key
    sealed = vault.world.objects.get(key)
    assert not any(SECRET[at : at + 8] in sealed for at in range(len(SECRET) - 7))
    replace(vault.world.objects, key, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert vault.faults() == {"segment.altered"}
    vault.world.objects.delete(list(vault.world.objects.versions(unit_prefix(begun.take.unit_id))))
    assert vault.faults() == {"segment.missing"}


@pytest.mark.promise("P13")
def test_a_stolen_backup_shows_nothing(vault: Vault, tmp_path: Path) -> None:
    """Database and bucket without the private halves: no unit opens, and no sealed key opens another."""
    (tmp_path / "thief").mkdir()
    (tmp_path / "thief" / "public").symlink_to(vault.world.folder / "keys" / "public")
    thief = Opener(KeyFolder(tmp_path / "thief"))
    with vault.world.core.db.read() as db:
        units = {unit.id: unit for unit in db.scalars(select(UnitRow))}
        takes = list(db.scalars(select(TakeRow)))
    for unit in units.values():
        key = unit.key()
        assert key is not None
        with pytest.raises(KeyMissing):
            thief.unit(unit.id, key)
    take, other = takes[0], next(take for take in takes if take.unit_id != takes[0].unit_id)
    key = units[other.unit_id].key()
    assert key is not None
    assert take.sealed_key is not None
    with pytest.raises(NotAuthentic):
        vault.world.opener.unit(other.unit_id, key).take_key(take.id, take.sealed_key)


def backup(vault: Vault, to: Path) -> None:
    with sqlite3.connect(vault.world.folder / "world.db") as source, sqlite3.connect(to) as target:
        source.backup(target)


def restore(vault: Vault, saved: Path) -> None:
    vault.world.core.db.close()
    with sqlite3.connect(saved) as source, sqlite3.connect(vault.world.folder / "world.db") as target:
        source.backup(target)


@pytest.mark.promise("P13")
def test_a_database_rolled_back_to_an_old_backup_is_found(vault: Vault, tmp_path: Path) -> None:
    """In itself the old database is whole; what was copied off the host since does not fit it, and still does
    not after it has gone on and signed new checkpoints."""
    backup(vault, tmp_path / "old.db")
    vault.world.ended()
    checkpoints(vault.world, vault.copy).run()
    assert vault.faults() == set()
    restore(vault, tmp_path / "old.db")
    assert vault.faults(copied=False) <= {"segment.missing"}
    assert "tree.rolled_back" in vault.faults()
    for _ in range(2):
        vault.world.ended()
        checkpoints(vault.world, vault.copy).run()
    assert "tree.rewritten" in vault.faults()


@pytest.mark.promise("P7")
def test_erased_evidence_that_a_restored_database_brings_back_is_found(vault: Vault, tmp_path: Path) -> None:
    """The certificate that left the host says it was erased; a unit that lives again is named."""
    backup(vault, tmp_path / "old.db")
    vault.world.clock.move(days=200)
    vault.world.eraser.run()
    checkpoints(vault.world, vault.copy).run()
    assert vault.faults() == set()
    restore(vault, tmp_path / "old.db")
    assert {"erasure.undone", "tree.rolled_back"} <= vault.faults()
    unit = vault.unit(vault.first)
    with vault.world.core.db.read() as db:
        assert db.get_one(UnitRow, unit).state == UnitState.RETAINED.value


def test_a_forged_certificate_is_found(vault: Vault) -> None:
    """Changing what was certified breaks its signature, and it is not the copied one any more."""
    vault.world.clock.move(days=200)
    vault.world.eraser.run()
    checkpoints(vault.world, vault.copy).run()
    with vault.world.core.db.begin() as db:
        row = db.scalars(select(CertificateRow)).first()
        assert row is not None
        row.body = row.body.replace('"left_after":0', '"left_after":1')
    assert {"certificate.signature", "erasure.undone"} <= vault.faults()


def test_a_registered_segment_is_not_replayed(vault: Vault) -> None:
    """The same object under the next number: its seal names the number it was made for."""
    begun = vault.world.begin(vault.world.admitted())
    vault.world.store(begun, 0, vault.world.clock.unix_ms, SECRET)
    prefix = unit_prefix(begun.take.unit_id)
    sealed = vault.world.objects.get(next(iter(vault.world.objects.versions(prefix))).key)
    with vault.world.core.db.read() as db:
        key, take = db.get_one(UnitRow, begun.take.unit_id).key(), db.get_one(TakeRow, begun.take.id)
    assert key is not None
    assert take.sealed_key is not None
    unit = vault.world.opener.unit(begun.take.unit_id, key)
    assert unit.open(take.id, take.sealed_key, 0, take.media_type, sealed) == SECRET
    with pytest.raises(VaultError):
        unit.open(take.id, take.sealed_key, 1, take.media_type, sealed)


def test_what_is_entered_later_makes_no_fault(vault: Vault) -> None:
    """Growing is not rewriting: the copies stay true while the ledger goes on."""
    with vault.world.core.db.begin() as db:
        enter(db, vault.world.clock, ADMIN, Action.REVIEW_CLAIM, vault.first.id)
    with vault.world.core.db.read() as db:
        assert entries(db)[-1].action is Action.REVIEW_CLAIM
    assert vault.faults() == set()


def replace(objects: ObjectStore, key: str, data: bytes) -> None:
    """What the owner of a bucket can do, write-once names or not."""
    objects.delete([one for one in objects.versions(key[: len("u/") + 17]) if one.key == key])
    objects.put(key, data)


def exchange(objects: ObjectStore, one: str, two: str) -> None:
    first, second = objects.get(one), objects.get(two)
    replace(objects, one, second)
    replace(objects, two, first)
