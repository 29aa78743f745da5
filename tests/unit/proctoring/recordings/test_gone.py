"""A candidate whose browser left is gone, since when; and a proctor can end the session, with a reason."""

from datetime import datetime, timedelta

import pytest

from proctoring.custody.model import Action, Actor
from proctoring.custody.service import entries
from proctoring.errors import Conflict, WrongState
from proctoring.exams.model import Stream
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.recordings import ending, open_takes
from proctoring.recordings import service as recordings
from proctoring.recordings.model import GONE_AFTER, UNHEARD, EndCause, gone_since
from proctoring.recordings.status import status
from proctoring.sessions.model import EndReason, Session, SessionState, check_end
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.plan import plan, why_open
from tests.support.world import START, World

pytestmark = pytest.mark.promise("P17")

PROCTOR = Actor("anna", "proctor")
MOMENT = timedelta(milliseconds=1)
LATER = timedelta(minutes=36)


def since(world: World, session: Session) -> datetime | None:
    with world.core.db.read() as db:
        return open_takes.gone(db, [session.id], world.core.clock()).get(session.id)


def end(world: World, session: Session, reason: EndReason) -> Session:
    with world.core.db.begin() as db:
        return ending.end_by_proctor(db, world.core, session.id, reason, PROCTOR)


@pytest.mark.parametrize(
    ("stored_ago", "heard_ago", "gone"),
    [
        (GONE_AFTER - MOMENT, None, False),
        (GONE_AFTER, None, True),
        (LATER, None, True),
        (LATER, UNHEARD - MOMENT, False),
        (LATER, UNHEARD, True),
        (timedelta(0), UNHEARD, False),
    ],
)
def test_gone_is_what_brings_nothing_and_has_no_living_take(
    stored_ago: timedelta, heard_ago: timedelta | None, gone: bool
) -> None:
    """The rule's table, at its edges: an open take may wait, unless its process is not there."""
    heard_at = None if heard_ago is None else START - heard_ago
    assert gone_since(START - stored_ago, heard_at, START) == (START - stored_ago if gone else None)


def test_a_candidate_who_left_is_gone_since_the_last_piece(world: World) -> None:
    """Not before GONE_AFTER; since where the recording ends, not since somebody looked; back is back."""
    session = world.admitted()
    world.record(session)  # 12 s of media, all stored at once
    left_at = START + timedelta(seconds=12)
    assert since(world, session) is None
    world.clock.now = left_at + GONE_AFTER - MOMENT
    assert since(world, session) is None
    world.clock.now = left_at + LATER
    assert since(world, session) == left_at
    world.begin(session)
    assert since(world, session) is None


def test_a_take_whose_process_is_not_there_keeps_nobody(world: World) -> None:
    """A killed server leaves takes open: they count while their process is heard of, and not after."""
    session = world.admitted()
    begun = world.begin(session)
    world.clock.move(minutes=2)
    with world.core.db.begin() as db:
        recordings.still_here(db, world.core, [begun.take.id])
    world.clock.now += UNHEARD - MOMENT
    assert since(world, session) is None
    world.clock.now += MOMENT
    assert since(world, session) is not None


def test_who_has_not_begun_or_has_ended_is_not_gone(world: World) -> None:
    """Only a session that records has somebody who may be gone."""
    admitted, over = world.admitted(), world.ended()
    world.clock.move(hours=1)
    assert since(world, admitted) is None
    assert since(world, over) is None


@pytest.mark.parametrize("state", [state for state in SessionState if state is not SessionState.RECORDING])
@pytest.mark.parametrize("reason", EndReason)
def test_only_a_session_that_records_is_ended(state: SessionState, reason: EndReason) -> None:
    """Before it the candidate just does not come; what is over is over."""
    with pytest.raises(WrongState, match=state.value):
        check_end(state, reason, START)


@pytest.mark.parametrize("reason", EndReason)
def test_nobody_who_is_recorded_is_said_to_be_gone(reason: EndReason) -> None:
    """Every other reason holds for who is there, and all for who is gone."""
    check_end(SessionState.RECORDING, reason, START)
    if reason is not EndReason.GONE:
        check_end(SessionState.RECORDING, reason, None)
        return
    with pytest.raises(Conflict, match="is being recorded"):
        check_end(SessionState.RECORDING, reason, None)


def test_the_end_is_told_with_its_reason_and_by_whom(world: World) -> None:
    """In clear in the ledger, for the candidate's page, and as the replay of the ledger has it; once."""
    session = world.admitted()
    world.record(session)
    world.clock.move(minutes=36)
    ended = end(world, session, EndReason.GONE)
    assert ended.ended_at == START + timedelta(seconds=12), "the exam ended with the recording"
    with world.core.db.read() as db:
        (told,) = [one for one in entries(db, session.id) if one.action is Action.SESSION_FINISH]
        assert (told.actor, told.role, told.detail["reason"]) == ("anna", "proctor", "gone")
        assert status(db, world.core, session.id).ended_why is EndReason.GONE
        states = {unit.state for unit in db.query(UnitRow).filter_by(session_id=session.id)}
        assert compare_all_rows(db).faults == []
    assert states == {UnitState.RETAINED.value}
    with pytest.raises(WrongState):
        end(world, session, EndReason.TECHNICAL)


def test_who_is_there_is_recorded_until_the_end(world: World) -> None:
    """Ended for another reason, the exam ends now; what the publisher still holds arrives."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    begun = world.begin(session)
    start = world.clock.unix_ms
    world.store(begun, 0, start)
    world.clock.move(seconds=6)
    with pytest.raises(Conflict):
        end(world, session, EndReason.GONE)
    ended = end(world, session, EndReason.ASKED)
    assert ended.ended_at == START + timedelta(seconds=6)
    world.store(begun, 1, start + 4000)
    world.end(begun, EndCause.SESSION_ENDED)
    with world.core.db.read() as db:
        assert {line.why.split()[0] for line in plan(db, world.core.clock()).lines} == {"due"}


def test_the_candidates_own_end_has_no_reason(world: World) -> None:
    """Only what a proctor ended says why."""
    session = world.ended()
    with world.core.db.read() as db:
        assert status(db, world.core, session.id).ended_why is None


def test_purge_says_what_an_open_unit_waits_for(world: World) -> None:
    """Never "still recording" of who is gone, has not begun, or has ended."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    closes = session.closes_at
    assert whys(world) == ["not begun; ends at 2026-11-23T08:00:00.000Z at the latest"]
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    assert whys(world) == ["still recording"]
    world.clock.move(seconds=4)
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.move(minutes=36)
    gone = "not ended; gone since 2026-11-16T08:00:04.000Z, ends at 2026-11-23T08:00:00.000Z at the latest"
    assert whys(world) == [gone]
    assert why_open(SessionState.ENDED, None, closes) == "ended; its last pieces are awaited"


def whys(world: World) -> list[str]:
    with world.core.db.read() as db:
        return [line.why for line in plan(db, world.core.clock()).lines]
