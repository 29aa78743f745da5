"""Attacks on the running vault: by whoever writes to the database or owns the bucket.

Each is found by name by what `proctoring ledger verify` runs, or opens nothing.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action, entry_hash
from proctoring.custody.rows import CertificateRow, CheckpointRow, EntryRow, LedgerHeadRow
from proctoring.custody.service import enter, entries
from proctoring.errors import Conflict
from proctoring.evidence.export import Exporter
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.units.rows import UnitRow
from storage.errors import VaultError
from storage.objects.naming import unit_prefix
from storage.objects.store import ObjectStore
from storage.proofs.manifest import digest
from tests.integration.vault import Vault, rechain, replace, vault
from tests.support.packages import ASKED, checkpoints, export
from tests.support.world import ADMIN

__all__ = ["vault"]

SECRET = b"somebody's living room, in clear"


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


def exchange(objects: ObjectStore, one: str, two: str) -> None:
    first, second = objects.get(one), objects.get(two)
    replace(objects, one, second)
    replace(objects, two, first)
