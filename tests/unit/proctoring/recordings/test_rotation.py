"""Rotation: units move on, idle epochs go, old copies of the database become useless."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from proctoring.custody.model import Action
from proctoring.custody.service import entries
from proctoring.exams.model import Stream
from proctoring.proofs.epochs import EpochGuard
from proctoring.recordings.rotation import EPOCH_IDLE, Rotation, epoch_start
from proctoring.recordings.timeline import SealedSegmentRef, locate
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, NotAuthentic
from storage.keys.folder import epoch_name, generate_pair
from tests.support.world import START, World


def rotation(world: World) -> Rotation:
    return Rotation(world.core, world.opener, world.keys, EpochGuard(world.core))


def segment(world: World, session: Session) -> SealedSegmentRef:
    with world.core.db.read() as db:
        return locate(db, session.id, Stream.WEBCAM, 0)


def opened(world: World, ref: SealedSegmentRef) -> bytes:
    unit = world.opener.unit(ref.unit_id, ref.unit_key)
    return unit.open(
        ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, world.objects.get(ref.object_key)
    )


@pytest.mark.promise("P13")
def test_units_move_to_the_newest_epoch_and_still_open(world: World) -> None:
    """Re-sealing touches no object, and every segment opens as before."""
    session = world.ended()
    world.clock.move(days=7)
    assert rotation(world).run() == (3, [])
    with world.core.db.read() as db:
        assert set(db.scalars(select(UnitRow.kek_epoch))) == {epoch_name(world.clock())}
    assert opened(world, segment(world, session)) == b"media"


@pytest.mark.promise("P7")
def test_a_stolen_copy_of_the_database_opens_nothing_once_its_epoch_is_gone(world: World) -> None:
    """What the copy's rows are sealed to no longer exists anywhere."""
    session = world.ended()
    stolen = segment(world, session)
    world.clock.move(days=21)
    old = epoch_name(START)
    assert rotation(world).run() == (3, [old])
    with pytest.raises(KeyMissing):
        opened(world, stolen)
    assert opened(world, segment(world, session)) == b"media"
    with world.core.db.read() as db:
        assert [e.detail for e in entries(db) if e.action is Action.KEY_DESTROY] == [{"epoch": old}]


def test_an_epoch_that_a_sealing_process_may_still_use_stays(world: World) -> None:
    """Idle or not, an epoch lives for EPOCH_IDLE after its week began."""
    world.ended()
    world.clock.now = epoch_start(epoch_name(START)) + EPOCH_IDLE - timedelta(seconds=1)
    assert rotation(world).run()[1] == []
    world.clock.move(seconds=1)
    assert rotation(world).run()[1] == [epoch_name(START)]


def test_a_new_session_is_sealed_to_the_epoch_of_its_week(world: World) -> None:
    """A process that runs for weeks does not go on sealing to the epoch it started with."""
    world.clock.move(days=7)
    rotation(world).run()
    world.admitted()
    with world.core.db.read() as db:
        assert set(db.scalars(select(UnitRow.kek_epoch))) == {epoch_name(world.clock())}


def test_erased_units_keep_no_epoch_alive(world: World) -> None:
    """A destroyed key needs nothing; a second round has nothing to do."""
    world.ended()
    world.clock.move(days=200)
    world.eraser.run()
    assert rotation(world).run() == (0, [epoch_name(START)])
    assert rotation(world).run() == (0, [])


def test_a_key_that_is_not_its_own_keeps_no_other_one_waiting(world: World) -> None:
    """Rows that somebody edited stay as they are, and the round fails by name once all others moved."""
    world.ended()
    with world.core.db.begin() as db:
        first, second, _ = db.scalars(select(UnitRow).order_by(UnitRow.id)).all()
        first.public_key, second.kek_epoch = generate_pair()[1], "kek-2020w01"
    world.clock.move(days=7)
    for _ in range(2):
        with pytest.raises(NotAuthentic, match="2 units"):
            rotation(world).run()
    with world.core.db.read() as db:
        epochs = list(db.scalars(select(UnitRow.kek_epoch).order_by(UnitRow.id)))
        resealed = [e.detail["units"] for e in entries(db) if e.action is Action.KEY_RESEAL]
    assert epochs == [epoch_name(START), "kek-2020w01", epoch_name(world.clock())]
    assert resealed == [1]
