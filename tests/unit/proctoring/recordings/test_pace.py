"""Limits on what a candidate and their devices may write; nothing that is wanted is lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from proctoring.custody.model import Action
from proctoring.custody.service import count_entries
from proctoring.errors import Conflict, TooMany
from proctoring.exams.model import Stream
from proctoring.flags.model import Category, Severity
from proctoring.flags.service import RULE_FLAGS_MAX, of_session, raise_by_rule
from proctoring.recordings import ending, late
from proctoring.recordings.model import EndCause
from proctoring.recordings.pace import (
    TAKES_AT_ONCE,
    TAKES_PLENTY,
    TAKES_WINDOW,
    TAKES_WINDOW_THEN,
    turn_in,
)
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.spans import Span
from proctoring.recordings.status import status
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.sessions.service import PHONE_READY_WRITTEN, WISHES_MAX
from tests.support.world import SEGMENT_MS, World

TRIES = 320
NO_TIME = timedelta(0)


def begun(tries_s: Iterator[float]) -> list[float]:
    """When the takes began that were tried at these instants (seconds), each refused one given up."""
    times: list[float] = []
    for now_s in tries_s:
        number = len(times) + 1
        earlier = times[number - 1 - TAKES_AT_ONCE] if number > TAKES_AT_ONCE else None
        if earlier is None or turn_in(number, timedelta(seconds=now_s - earlier)) <= NO_TIME:
            times.append(now_s)
    return times


@pytest.mark.parametrize("every_s", [2.0, 3.0, 7.5])
def test_a_bad_network_for_hours_waits_for_nothing(every_s: float) -> None:
    """A take every few seconds begins at once, each of them, until TAKES_PLENTY have: hours."""
    assert len(begun(every_s * n for n in range(TAKES_PLENTY))) == TAKES_PLENTY


def test_who_tries_all_the_time_gets_what_the_windows_give() -> None:
    """Ten tries a second for a day: never more than TAKES_AT_ONCE within the window, and one after another
    for ever, also beyond TAKES_PLENTY."""
    day_s = 86_400
    times = begun(n / 2 for n in range(2 * day_s))
    for number in range(TAKES_AT_ONCE, len(times)):
        window = TAKES_WINDOW if number + 1 <= TAKES_PLENTY else TAKES_WINDOW_THEN
        assert times[number] - times[number - TAKES_AT_ONCE] >= window.total_seconds()
    plenty_s = TAKES_PLENTY / TAKES_AT_ONCE * TAKES_WINDOW.total_seconds()
    then = (day_s - plenty_s) / TAKES_WINDOW_THEN.total_seconds() * TAKES_AT_ONCE
    assert len(times) <= TAKES_PLENTY + then + 2 * TAKES_AT_ONCE
    assert times[-1] > day_s - TAKES_WINDOW_THEN.total_seconds()


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    """The earlier take began in what is now the future."""
    assert turn_in(TAKES_AT_ONCE + 1, -timedelta(hours=1)) <= NO_TIME
    assert turn_in(TAKES_AT_ONCE + 1, NO_TIME) == TAKES_WINDOW


def test_takes_are_bounded_and_go_on_after_a_while(world: World) -> None:
    """TRIES in one instant leave TAKES_AT_ONCE takes and their entries; the refusal says when to try again,
    and then the stream is recorded. Another stream has not waited."""
    session = world.admitted()

    def attempt() -> int | None:
        try:
            world.end(world.begin(session), EndCause.SHARING_ENDED)
        except TooMany as refused:
            return refused.retry_after_s
        return None

    waits = [attempt() for _ in range(TRIES)]
    assert waits.count(None) == TAKES_AT_ONCE
    assert set(waits[TAKES_AT_ONCE:]) == {int(TAKES_WINDOW.total_seconds())}
    assert entries(world, session, Action.TAKE_BEGIN) == TAKES_AT_ONCE
    world.begin(session, Stream.SCREEN)
    world.clock.now += TAKES_WINDOW
    assert attempt() is None
    with world.core.db.read() as db:
        assert db.scalar(select(func.count()).select_from(TakeRow)) == TAKES_AT_ONCE + 2


def test_flags_by_rule_are_bounded_and_the_last_one_tells_of_the_rest(world: World) -> None:
    """Beyond RULE_FLAGS_MAX no flag is added, and what is to be looked at reaches further."""
    session = world.admitted()
    with world.core.db.begin() as db:
        for at_ms in range(TRIES):
            raise_by_rule(
                db,
                world.core,
                session.id,
                at_ms=at_ms,
                category=Category.TECHNICAL,
                severity=Severity.MINOR,
                note="x",
            )
    with world.core.db.read() as db:
        found = of_session(db, session.id)
    assert len(found) == RULE_FLAGS_MAX
    assert entries(world, session, Action.FLAG_ADD) == RULE_FLAGS_MAX
    assert max(flag.end_ms for flag in found) == TRIES - 1


def test_wishes_are_bounded_and_the_same_words_count_once(world: World) -> None:
    """So many requests to sit in person, each in other words; the one that was refused changes nothing."""
    session = world.session()

    def ask(wish: str) -> None:
        with world.core.db.begin() as db:
            sessions.ask_in_person(db, world.core, session.id, wish)

    for _ in range(TRIES):
        ask("I have no quiet room.")
    assert entries(world, session, Action.SESSION_IN_PERSON) == 1
    for number in range(1, WISHES_MAX):
        ask(f"I have {number} quiet rooms.")
    for number in range(TRIES):
        with pytest.raises(Conflict, match="many times"):
            ask(f"Or {number}.")
    assert entries(world, session, Action.SESSION_IN_PERSON) == WISHES_MAX
    with world.core.db.read() as db:
        assert sessions.session_row(db, session.id).in_person_wish == "I have 9 quiet rooms."


def test_a_ready_phone_is_written_down_now_and_then(world: World) -> None:
    """Said every instant it is one write in PHONE_READY_WRITTEN, always fresh enough to be believed; none
    after the end."""
    session = world.admitted()
    written = set()
    for _ in range(TRIES):
        with world.core.db.begin() as db:
            sessions.phone_ready(db, world.core, session.id)
            written.add(sessions.session_row(db, session.id).phone_ready_at)
        with world.core.db.read() as db:
            streams = status(db, world.core, session.id).streams
            assert [one.ready for one in streams if one.stream is Stream.PHONE] == [True]
        world.clock.move(seconds=0.1)
    assert len(written) == -(-TRIES // (PHONE_READY_WRITTEN.total_seconds() * 10))
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    world.clock.move(minutes=1)
    with world.core.db.begin() as db:
        sessions.phone_ready(db, world.core, session.id)
        assert sessions.session_row(db, session.id).phone_ready_at in written


def test_late_segments_are_bounded_in_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small they are: when there are LATE_SEGMENTS_MAX nothing is asked for any more."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.record(session, segments=1)
    gap_at = world.clock.unix_ms + 10_000
    world.clock.move(minutes=1)
    world.record(session, segments=1)
    with world.core.db.begin() as db:
        begun = late.begin_late_take(
            db, world.core, session.id, Stream.WEBCAM, "video/webm", start_unix_ms=gap_at
        )
    for seq in range(3):
        assert missing(world, session)
        world.store(begun, seq, gap_at + seq * SEGMENT_MS)
    monkeypatch.setattr(late, "LATE_SEGMENTS_MAX", 3)
    assert missing(world, session) == ()


def missing(world: World, session: Session) -> tuple[Span, ...]:
    with world.core.db.read() as db:
        return late.missing(db, world.core, session.id, Stream.WEBCAM).gaps


def entries(world: World, session: Session, action: Action) -> int:
    with world.core.db.read() as db:
        return count_entries(db, session.id, action)
