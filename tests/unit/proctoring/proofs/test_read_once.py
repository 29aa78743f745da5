"""`ledger verify` reads each leaf once, however many of its checks need it, and comes to every unit."""

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from proctoring.custody.rows import CheckpointRow
from proctoring.exams.model import Stream
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults, seen_with
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.recordings.rows import SegmentRow
from proctoring.units.rows import UnitRow
from storage.proofs.checkpoint import unit_origin
from tests.support.statements import counted
from tests.support.world import World

SESSIONS = 3


@pytest.fixture
def signed(world: World) -> World:
    """Sessions that have ended, with signed heads."""
    exam = world.exam(streams=(Stream.WEBCAM, Stream.SCREEN))
    for _ in range(SESSIONS):
        world.ended(exam)
    Checkpoints(world.core, world.signer, world.folder / "copy").run()
    return world


def verified(world: World) -> tuple[set[str], list[str]]:
    """The codes of all faults, and the statements that found them."""
    public = world.signer.public
    with world.core.db.read() as db, counted(world.core.db) as statements:
        manifests = seen_with(db, public)
        rows = compare_all_rows(db, manifests.see)
        faults = ledger_faults(db, public, (), manifests)
    return {one.code for one in rows.faults} | {one.code for one in faults}, statements


def test_leaves_are_read_once(signed: World) -> None:
    """One statement a session reads segments: for the rows, the chains and the signed heads together."""
    faults, statements = verified(signed)
    assert faults == set()
    assert sum("FROM segments" in one for one in statements) == SESSIONS


def test_where_a_leaf_is_at_fault_every_check_says_so(signed: World) -> None:
    """As each did that read for itself: the row, the chain, the signed head."""
    with signed.core.db.begin() as db:
        db.execute(update(SegmentRow).where(SegmentRow.position == 1).values(ct_len=SegmentRow.ct_len + 1))
    faults, _ = verified(signed)
    assert faults == {"row.edited", "manifest.chain", "tree.rewritten"}


def test_a_unit_of_no_session_is_come_to(signed: World) -> None:
    """Its session was taken away; so were its last leaves, of which a signed head tells."""
    lite = signed.core.db.engine.dialect.name == "sqlite"
    unlinked = "PRAGMA foreign_keys = OFF" if lite else "SET session_replication_role = replica"
    with signed.core.db.read() as db:
        unit = db.scalars(select(UnitRow.id).limit(1)).one()
    with signed.core.db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute(unlinked)  # before the transaction begins
        connection.execute(delete(SegmentRow).where(SegmentRow.unit_id == unit, SegmentRow.position > 0))
        connection.execute(update(UnitRow).where(UnitRow.id == unit).values(session_id="gone"))
        connection.commit()
    faults, _ = verified(signed)
    assert {"manifest.chain", "tree.rolled_back", "row.edited"} <= faults


@pytest.mark.parametrize("column", ["origin", "size"])
def test_a_head_that_is_kept_as_another_is_told(signed: World, column: str) -> None:
    """A signed head under another tree, or another size, would not be compared with its own leaves."""
    with signed.core.db.begin() as db:
        unit = db.scalars(select(UnitRow.id).limit(1)).one()
        mine = update(CheckpointRow).where(CheckpointRow.origin == unit_origin(unit))
        db.execute(mine.values({column: "elsewhere" if column == "origin" else CheckpointRow.size + 1}))
    assert "checkpoint.signature" in verified(signed)[0]
