"""Backups of the database in hostile hands: stolen, or put back to undo what was done since."""

from pathlib import Path

import pytest
from sqlalchemy import select

from proctoring.recordings.rows import TakeRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, NotAuthentic
from storage.keys.folder import KeyFolder
from storage.seal import Opener
from tests.integration.vault import Vault, backup, restore, vault
from tests.support.packages import checkpoints

__all__ = ["vault"]


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
