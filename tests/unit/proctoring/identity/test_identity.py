"""The copy of the identity card (P4): its own unit and key, erased before the footage, never a verdict."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proctoring.appeals import service as appeals
from proctoring.casework import identity_answers, procedures, results
from proctoring.custody import service as custody
from proctoring.custody.model import Actor
from proctoring.errors import Conflict, Invalid, NotFound, WrongState
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.identity import service as identity
from proctoring.identity.model import IMAGES_MAX, IdentityCopy
from proctoring.recordings.rows import GapRow, SegmentRow
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.units.due import identity_due_at
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow
from storage.package.verify import verify
from tests.support.packages import export
from tests.support.world import ADMIN, World

PROCTOR = Actor("staff-1", "proctor")


@pytest.fixture
def ended(world: World) -> Session:
    """An ended session of a webcam exam, with the picture of a card."""
    return world.ended(world.exam(streams=(Stream.WEBCAM,), identity_copy=True))


def copy(world: World, session: Session) -> IdentityCopy:
    with world.core.db.read() as db:
        found = identity.of_session(db, session.id)
    assert found is not None
    return found


def units(world: World, session: Session) -> dict[str, UnitRow]:
    with world.core.db.read() as db:
        return {row.kind: row for row in db.query(UnitRow).where(UnitRow.session_id == session.id)}


def answer(world: World, session: Session, confirmed: bool, reason: str = "") -> None:
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, PROCTOR, session.id, confirmed=confirmed, reason=reason)


@pytest.mark.promise("P4")
def test_an_image_is_a_unit_of_its_own_and_starts_no_time_line(world: World) -> None:
    """Sent before the exam: own key, own manifest, at 0 of a time line that has not begun, and no gap."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,), identity_copy=True))
    begun = world.send_card(session)
    with world.core.db.read() as db:
        assert sessions.load(db, session.id).started_at is None
        (leaf,) = db.query(SegmentRow).where(SegmentRow.unit_id == begun.take.unit_id)
        assert (leaf.start_ms, leaf.duration_ms, leaf.media_type) == (0, 0, "image/jpeg")
        assert db.query(GapRow).count() == 0
    mine = units(world, session)
    assert mine["identity"].id == begun.take.unit_id
    assert mine["identity"].public_key != mine["webcam"].public_key
    assert copy(world, session).images == 1


def test_what_cannot_be_sent_is_refused(world: World) -> None:
    """Before the notice, after the end, by an exam that takes no copy, and more than enough."""
    with_card = world.exam(streams=(Stream.WEBCAM,), identity_copy=True)
    with pytest.raises(WrongState):
        world.send_card(world.session(with_card))
    with pytest.raises(WrongState):
        world.send_card(world.ended(with_card))
    with pytest.raises(NotFound):
        world.send_card(world.admitted(world.exam(streams=(Stream.WEBCAM,))))
    session = world.admitted(with_card)
    for _ in range(IMAGES_MAX):
        world.send_card(session)
    with pytest.raises(Conflict):
        world.send_card(session)


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("confirmed_at", "expected"),
    [
        (None, datetime(2026, 12, 7, 23, tzinfo=UTC)),
        (datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC)),
        (datetime(2026, 11, 20, 23, 30, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC)),
        (datetime(2027, 1, 4, tzinfo=UTC), datetime(2026, 12, 7, 23, tzinfo=UTC)),
    ],
)
def test_it_goes_at_the_end_of_the_day_of_the_yes(confirmed_at: datetime | None, expected: datetime) -> None:
    """Midnight of the exam's place, and never later than the footage."""
    footage = datetime(2026, 12, 7, 23, tzinfo=UTC)
    assert identity_due_at(footage, confirmed_at, "Europe/Brussels") == expected


@pytest.mark.promise("P4")
def test_a_yes_erases_the_copy_before_the_footage_and_nothing_stands_still(
    world: World, ended: Session, tmp_path: Path
) -> None:
    """Certificate for the copy; the footage is there, can be held by an appeal, and exported."""
    answer(world, ended, confirmed=True)
    before = world.queued()[0].due_at
    assert before == units(world, ended)["webcam"].due_at, "the queue goes by the footage"
    world.clock.move(days=1)
    world.eraser.run()
    mine = units(world, ended)
    assert {kind: row.state for kind, row in mine.items()} == {
        "identity": UnitState.ERASED.value,
        "webcam": UnitState.RETAINED.value,
    }
    with world.core.db.read() as db:
        assert [row.unit_id for row in custody.newest_certificates(db).rows] == [mine["identity"].id]
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, ended.id, "I was alone.")
    assert units(world, ended)["webcam"].active_holds == 1
    export(world, ended, tmp_path / "package")
    assert verify(tmp_path / "package").ok
    assert not (tmp_path / "package" / "data" / "identity").exists()


@pytest.mark.promise("P4")
def test_a_no_keeps_the_copy_with_the_footage(world: World, ended: Session) -> None:
    """It needs a reason; a mistaken yes can be put right the same day; new results change neither."""
    answer(world, ended, confirmed=True)
    with pytest.raises(Invalid):
        answer(world, ended, confirmed=False, reason=" ")
    answer(world, ended, confirmed=False, reason="The photo shows somebody else.")
    footage = units(world, ended)["webcam"].due_at
    assert copy(world, ended).due_at == footage
    answer(world, ended, confirmed=True)
    early = copy(world, ended).due_at
    assert early - world.clock.now < timedelta(days=1)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, ended.exam_id, world.clock.now)
    assert copy(world, ended).due_at == early


@pytest.mark.promise("P8")
def test_a_hold_keeps_the_copy_after_a_yes(world: World, ended: Session) -> None:
    """As it keeps everything of the session; its end lets it go."""
    answer(world, ended, confirmed=True)
    with world.core.db.begin() as db:
        hold = holds.place(db, world.core, ADMIN, ended.id, HoldKind.LEGAL, reason="court order")
    world.clock.move(days=2)
    world.eraser.run()
    assert copy(world, ended).exists
    with world.core.db.begin() as db:
        procedures.release(db, world.core, ADMIN, hold.id)
    world.eraser.run()
    assert copy(world, ended).state is UnitState.ERASED
    with pytest.raises(Conflict):
        answer(world, ended, confirmed=False, reason="too late")


def test_a_package_holds_the_copy_while_it_lives(world: World, ended: Session, tmp_path: Path) -> None:
    """As one more folder, verified as any stream is."""
    export(world, ended, tmp_path / "package")
    assert verify(tmp_path / "package").ok
    folder = tmp_path / "package" / "data" / UnitKind.IDENTITY.value / "media"
    assert (folder / "00000000.jpg").read_bytes() == b"card"
