"""Of which streams a page may say that they are recorded: by what is stored, never by a connection alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from proctoring.exams.model import CaptureProfile, Stream
from proctoring.recordings import late
from proctoring.recordings.model import STORED_LAG_MAX, EndCause, is_recorded
from proctoring.recordings.status import NOTHING, StreamStatus, status
from proctoring.sessions.model import Session, SessionState, needed_to_begin
from tests.support.world import SEGMENT_MS, START, World

pytestmark = pytest.mark.promise("P17")

ASKED_EVERY = timedelta(seconds=2)
RIGHT_WITHIN = timedelta(seconds=10)


def webcam(world: World, session: Session, accepted: Mapping[str, datetime] = NOTHING) -> StreamStatus:
    with world.core.db.read() as db:
        return status(db, world.core, session.id, accepted).streams[0]


@pytest.mark.parametrize(
    ("ago", "recorded"),
    [
        (None, False),
        (timedelta(0), True),
        (-timedelta(seconds=1), True),
        (STORED_LAG_MAX, True),
        (STORED_LAG_MAX + timedelta(milliseconds=1), False),
        (timedelta(minutes=36), False),
    ],
)
def test_what_is_stored_has_to_reach_to_now(ago: timedelta | None, recorded: bool) -> None:
    """Nothing, or nothing lately, is no recording; media of a clock that runs ahead is one."""
    assert is_recorded(None if ago is None else START - ago, START) is recorded


def test_a_page_is_right_within_ten_seconds() -> None:
    """The lag that is allowed and the time until a page asks again are no longer than that together."""
    assert STORED_LAG_MAX + ASKED_EVERY <= RIGHT_WITHIN


def test_a_connection_is_no_recording_until_something_is_stored(world: World) -> None:
    """The sign follows the first segment, the last one, and the end of the take."""
    session = world.admitted()
    begun = world.begin(session)
    assert (webcam(world, session).open, webcam(world, session).recording) == (True, False)
    world.store(begun, 0, world.clock.unix_ms)
    world.clock.move(milliseconds=SEGMENT_MS)
    assert webcam(world, session).recording
    world.clock.now += STORED_LAG_MAX
    assert webcam(world, session).recording
    world.clock.move(milliseconds=1)
    assert (webcam(world, session).open, webcam(world, session).recording) == (True, False)
    world.store(begun, 1, world.clock.unix_ms)
    assert webcam(world, session).recording
    world.end(begun, EndCause.STOPPED)
    assert (webcam(world, session).open, webcam(world, session).recording) == (False, False)


def test_what_the_spool_has_counts_before_it_is_committed(world: World) -> None:
    """While store or database are away, what was accepted is safe; of another take it says nothing."""
    session = world.admitted()
    begun = world.begin(session)
    now = datetime.fromtimestamp(world.clock.unix_ms / 1000, UTC)
    assert not webcam(world, session, {"another": now}).recording
    assert webcam(world, session, {begun.take.id: now}).recording
    assert not webcam(world, session, {begun.take.id: now - STORED_LAG_MAX - timedelta(seconds=1)}).recording


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("card", [False, True])
def test_a_lost_phone_holds_up_nothing_once_it_records(state: SessionState, card: bool) -> None:
    """Before the start everything of the exam has to be there, the card too; then what the computer sends."""
    needed = needed_to_begin(state, CaptureProfile(tuple(Stream), identity_copy=card))
    if state is SessionState.RECORDING:
        assert needed == ("webcam", "screen")
    else:
        assert set(needed) == {"webcam", "phone", "screen"} | ({"identity"} if card else set())


def test_the_page_is_told_when_it_was_interrupted(world: World) -> None:
    """Where what is stored ends, also after the take has; not when somebody looked."""
    session = world.admitted()
    assert webcam(world, session).until is None
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    world.clock.move(seconds=4)
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.move(minutes=10)
    assert webcam(world, session).until == START + timedelta(milliseconds=SEGMENT_MS)


def test_another_take_of_the_stream_does_not_speak_for_the_present_one(world: World) -> None:
    """What was stored before a reconnect, and what a page sends late, is no recording of now."""
    session = world.admitted()
    first = world.begin(session)
    world.store(first, 0, world.clock.unix_ms)
    world.clock.move(seconds=4)
    world.end(first, EndCause.CONNECTION_LOST)
    world.clock.move(seconds=1)
    world.begin(session)
    assert (webcam(world, session).open, webcam(world, session).recording) == (True, False)
    with world.core.db.begin() as db:
        sent = late.begin_late_take(
            db, world.core, session.id, Stream.WEBCAM, "video/webm", start_unix_ms=world.clock.unix_ms - 1000
        )
    world.store(sent, 0, world.clock.unix_ms - 1000, duration_ms=1000)
    assert not webcam(world, session).recording


def test_a_page_costs_one_query_of_takes(world: World) -> None:
    """However many takes there are, open and ended."""
    session = world.admitted()
    for _ in range(3):
        world.record(session)
    world.store(world.begin(session), 0, world.clock.unix_ms)
    asked: list[str] = []

    def notes(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(world.core.db.engine, "before_cursor_execute", notes)
    told = webcam(world, session)
    event.remove(world.core.db.engine, "before_cursor_execute", notes)
    assert (told.open, told.recording) == (True, True)
    assert sum("takes.stream" in statement for statement in asked) == 1
