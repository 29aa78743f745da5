"""Messages of a candidate during the exam: a message, a flag of their own, never more than that."""

import pytest

from proctoring.custody.model import Actor
from proctoring.errors import Conflict, Invalid
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, Flag, FlagSource, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import REQUESTS_MAX, TAKEN_FOR, HelpKind, HelpRequest
from proctoring.recordings import ending
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import Session
from tests.support.world import World

PROCTOR = Actor("staff-1", "proctor")
COLLEAGUE = Actor("staff-2", "proctor")


@pytest.fixture
def session(world: World) -> Session:
    """A session that records since this moment."""
    made = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.begin(made)
    return made


def ask(world: World, session: Session, kind: HelpKind, text: str = "") -> HelpRequest:
    with world.core.db.begin() as db:
        return help_requests.ask(db, world.core, session.id, kind, text)


def flag(world: World, session: Session) -> Flag:
    with world.core.db.read() as db:
        (found,) = flags.of_session(db, session.id)
    return found


def test_a_call_is_a_message_and_the_candidate_s_flag(world: World, session: Session) -> None:
    """In their words, at that moment, minor and open; it stops nothing."""
    world.clock.move(seconds=30)
    ask(world, session, HelpKind.HELP, " The doorbell rang. ")
    raised = flag(world, session)
    assert (raised.source, raised.category, raised.severity) == (
        FlagSource.CANDIDATE,
        Category.OTHER,
        Severity.MINOR,
    )
    assert (raised.note, raised.state) == ("The doorbell rang.", FlagState.OPEN)
    assert 30_000 <= raised.start_ms == raised.end_ms <= 32_000
    assert world.queued()[0].calls == 1
    with world.core.db.read() as db:
        assert db.query(TakeRow).filter(TakeRow.ended_at.is_not(None)).count() == 0


def test_who_leaves_the_room_says_so_and_when_they_are_back(world: World, session: Session) -> None:
    """The flag reaches from the one to the other; saying it twice is refused, being back twice harmless."""
    ask(world, session, HelpKind.AWAY)
    with pytest.raises(Conflict):
        ask(world, session, HelpKind.AWAY)
    world.clock.move(minutes=3)
    for _ in range(2):
        with world.core.db.begin() as db:
            help_requests.back(db, world.core, session.id)
        world.clock.move(minutes=1)
    raised = flag(world, session)
    assert raised.category is Category.LEFT_THE_ROOM
    assert raised.end_ms - raised.start_ms == 180_000
    ask(world, session, HelpKind.AWAY)


def test_an_answer_is_given_once(world: World, session: Session) -> None:
    """It is for the candidate to read, so it may not be changed under their eyes."""
    asked = ask(world, session, HelpKind.HELP, "May I use a ruler?")
    with world.core.db.begin() as db:
        help_requests.answer(db, world.core, PROCTOR, asked.id, "Yes.")
    with world.core.db.begin() as db, pytest.raises(Conflict):
        help_requests.answer(db, world.core, PROCTOR, asked.id, "No.")
    with world.core.db.read() as db:
        (read,) = help_requests.of_session(db, session.id)
        assert (read.answer, read.answered_by) == ("Yes.", PROCTOR.id)
    assert world.queued()[0].calls == 0


def test_before_the_start_a_call_is_a_message_without_a_flag(world: World) -> None:
    """There is no time line yet; before the notice and after the end there is nobody to call."""
    session = world.admitted()
    ask(world, session, HelpKind.HELP, "The camera does not start.")
    with world.core.db.read() as db:
        assert flags.of_session(db, session.id) == []
    for other in (world.session(), world.ended()):
        with pytest.raises(Conflict):
            ask(world, other, HelpKind.HELP, "Hello?")


def test_messages_are_bounded(world: World, session: Session) -> None:
    """A call needs words, not too many, and not too often."""
    for text in (" ", "x" * 1001):
        with pytest.raises(Invalid):
            ask(world, session, HelpKind.HELP, text)
    for _ in range(REQUESTS_MAX):
        ask(world, session, HelpKind.HELP, "Hello?")
    with pytest.raises(Conflict):
        ask(world, session, HelpKind.HELP, "Hello?")


def take(world: World, actor: Actor, asked: HelpRequest) -> HelpRequest:
    with world.core.db.begin() as db:
        return help_requests.take(db, world.core, actor, asked.id)


def test_one_answers_at_a_time_and_nobody_for_ever(world: World, session: Session) -> None:
    """A colleague is told that somebody answers; a call taken and forgotten is free after TAKEN_FOR."""
    asked = ask(world, session, HelpKind.HELP, "May I use a ruler?")
    assert take(world, PROCTOR, asked).answering(world.clock()) == PROCTOR.id
    take(world, PROCTOR, asked)
    with pytest.raises(Conflict):
        take(world, COLLEAGUE, asked)
    world.clock.move(seconds=TAKEN_FOR.total_seconds())
    assert take(world, COLLEAGUE, asked).answering(world.clock()) == COLLEAGUE.id
    with world.core.db.begin() as db:
        answered = help_requests.answer(db, world.core, PROCTOR, asked.id, "Yes.")
    assert answered.answering(world.clock()) is None
    with pytest.raises(Conflict):
        take(world, COLLEAGUE, asked)


def test_calls_wait_oldest_first_while_their_session_is_under_way(world: World, session: Session) -> None:
    """No more than asked for, with the count of all; neither absences nor sessions that are over."""
    other = world.admitted()
    over = world.admitted()
    ask(world, over, HelpKind.HELP, "I cannot begin.")
    with world.core.db.begin() as db:
        ending.finish(db, world.core, over.id)
    for number, asking in enumerate((session, other, session)):
        world.clock.move(seconds=1)
        ask(world, asking, HelpKind.HELP, f"Call {number}")
    ask(world, session, HelpKind.AWAY)
    with world.core.db.read() as db:
        oldest, total = help_requests.calls(db, 2)
    assert [call.request.text for call in oldest] == ["Call 0", "Call 1"]
    assert [call.ref for call in oldest] == [session.ref, other.ref]
    assert total == 3
