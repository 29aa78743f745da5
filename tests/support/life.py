"""Truths about every evidence unit at every instant, whatever was crashed, raced or forgotten."""

from sqlalchemy import select

from proctoring.custody.model import first_break
from proctoring.custody.rows import CertificateRow
from proctoring.custody.service import entries
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.units.model import KEYLESS_VALUES, UnitState
from proctoring.units.rows import UnitRow
from storage.objects.naming import unit_prefix
from storage.objects.shred import Shredder
from storage.objects.store import ObjectStore
from tests.support.world import World


def check_life(
    world: World,
    objects: ObjectStore,
    strays: frozenset[str] = frozenset(),
    session_id: str | None = None,
) -> None:
    """The invariants of holds and erasure, of one session, or of all with the ledger.

    `strays`: units into whose prefix somebody wrote after the end.
    """
    with world.core.db.read() as db:
        query = select(UnitRow)
        if session_id is not None:
            query = query.where(UnitRow.session_id == session_id)
        units = list(db.scalars(query))
        held = set(
            db.scalars(
                select(HoldUnitRow.unit_id)
                .join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
                .where(HoldRow.released_at.is_(None))
            )
        )
        certified = list(db.scalars(select(CertificateRow.unit_id)))
        if session_id is None:
            assert first_break(entries(db)) is None, "the ledger is broken"
    assert len(certified) == len(set(certified))
    by_session: dict[str, set[bool]] = {}
    for unit in units:
        by_session.setdefault(unit.session_id, set()).add(unit.state in KEYLESS_VALUES)
        if unit.id in held or unit.state == UnitState.RETAINED.value:
            _check_opens(world, objects, unit)
        if unit.state in KEYLESS_VALUES:
            assert unit.id not in held, "held evidence is being erased"
            assert unit.sealed_private_key is None, "an erased unit has its key"
            assert unit.erasing_at is not None
            assert unit.erasing_at >= unit.due_at, "erased before it was due"
        if unit.state == UnitState.ERASED.value:
            assert certified.count(unit.id) == 1, "erased without a certificate"
            if unit.id not in strays:
                assert Shredder(objects).is_gone(unit.id), "something is left of an erased unit"
        else:
            assert unit.id not in certified, "certified before it was erased"
    assert all(len(begun) == 1 for begun in by_session.values()), "a session is half erased"


def check_nothing_due_is_left(world: World) -> None:
    """After a pass without a crash nothing that is due and unheld remains."""
    with world.core.db.read() as db:
        late = select(UnitRow.id).where(
            UnitRow.state.in_((UnitState.RETAINED.value, UnitState.ERASING.value)),
            UnitRow.active_holds == 0,
            UnitRow.due_at <= world.clock(),
        )
        assert list(db.scalars(late)) == []


def _check_opens(world: World, objects: ObjectStore, unit: UnitRow) -> None:
    key = unit.key()
    assert key is not None, "living evidence has lost its key"
    opener = world.opener.unit(unit.id, key)
    with world.core.db.read() as db:
        takes = {take.id: take for take in db.scalars(select(TakeRow).where(TakeRow.unit_id == unit.id))}
        segments = list(db.scalars(select(SegmentRow).where(SegmentRow.unit_id == unit.id)))
    for segment in segments:
        sealed_key = takes[segment.take_id].sealed_key
        assert sealed_key is not None, "living evidence has lost a take's key"
        sealed = objects.get(segment.object_key)
        opener.open(segment.take_id, sealed_key, segment.seq, segment.media_type, sealed)
    assert all(key.startswith(unit_prefix(unit.id)) for key in (s.object_key for s in segments))
