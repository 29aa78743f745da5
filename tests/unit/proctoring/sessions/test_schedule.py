"""Begin and end of a candidate's exam, with the extra time they are given."""

from datetime import timedelta

import pytest

from proctoring.errors import Conflict, Invalid
from proctoring.recordings.status import status
from proctoring.sessions import service as sessions
from proctoring.sessions.in_person import WISH_CHARS_MAX
from proctoring.sessions.model import LINE_AHEAD_MAX, MINUTES_MAX, Schedule, Session
from tests.support.world import ADMIN, START, World

SOON = START + timedelta(hours=2)


@pytest.mark.parametrize(
    ("schedule", "began_at", "expected"),
    [
        (Schedule(), START, None),
        (Schedule(SOON), START, None),
        (Schedule(minutes=90), None, None),
        (Schedule(minutes=90), START, START + timedelta(minutes=90)),
        (Schedule(minutes=90, extra_minutes=30), START, START + timedelta(hours=2)),
        (Schedule(SOON, 90, 30), None, SOON + timedelta(hours=2)),
        (Schedule(SOON, 90), SOON + timedelta(minutes=20), SOON + timedelta(minutes=90)),
    ],
)
def test_the_end_is_counted_from_the_start_that_was_set(
    schedule: Schedule, began_at: object, expected: object
) -> None:
    """Who begins late ends with the others; without a scheduled start each has the full time."""
    assert schedule.ends_at(began_at) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "extra"), [(0, 0), (-5, 0), (MINUTES_MAX + 1, 0), (60, -1), (None, 15), (60, MINUTES_MAX + 1)]
)
def test_a_schedule_that_cannot_be_is_refused(minutes: int | None, extra: int) -> None:
    with pytest.raises(Invalid):
        Schedule(None, minutes, extra)


def invite(world: World, schedule: Schedule, window_hours: int = 24) -> Session:
    exam = world.exam()
    with world.core.db.begin() as db:
        made = sessions.create(
            db, world.core, ADMIN, exam.id, "C-1", language="en", window_hours=window_hours, schedule=schedule
        )
        assert sessions.load(db, made.id) == made
    return made


def test_the_window_is_counted_from_the_scheduled_start(world: World) -> None:
    """An invitation three weeks ahead is still good on the day; an exam longer than its window is refused."""
    in_weeks = START + timedelta(days=21)
    assert invite(world, Schedule(in_weeks, 120, 40)).closes_at == in_weeks + timedelta(hours=24)
    with pytest.raises(Invalid, match="longer than its window"):
        invite(world, Schedule(minutes=100, extra_minutes=50), window_hours=2)


@pytest.mark.parametrize("ms", [0, 1, 500, 999])
def test_no_second_of_the_exam_is_lost_to_the_time_line(world: World, ms: int) -> None:
    """The line begins a second or two before the first frame; the candidate's minutes begin at that frame,
    or up to LINE_AHEAD_MAX later."""
    session = invite(world, Schedule(minutes=90))
    with world.core.db.begin() as db:
        sessions.admit(db, world.core, session.id, "v1", notice_text="{}", language="en")
    world.clock.move(seconds=ms / 1000)
    first_frame = world.clock()
    world.begin(session)
    with world.core.db.read() as db:
        ends_at = status(db, world.core, session.id).ends_at
    assert ends_at is not None
    assert timedelta() <= ends_at - first_frame - timedelta(minutes=90) <= LINE_AHEAD_MAX


def test_the_wish_to_sit_in_person_is_kept_until_the_exam_begins(world: World) -> None:
    """The last words count; once it records there is nothing to ask."""
    session = world.admitted()
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, session.id, "first")
        sessions.ask_in_person(db, world.core, session.id, " No room of my own. ")
    with world.core.db.read() as db:
        (wish,) = sessions.asked_in_person(db)
        assert (wish.session_id, wish.wish, wish.exam) == (session.id, "No room of my own.", "Module 2")
    with world.core.db.begin() as db, pytest.raises(Invalid):
        sessions.ask_in_person(db, world.core, session.id, "x" * (WISH_CHARS_MAX + 1))
    world.begin(session)
    with world.core.db.read() as db:
        assert sessions.asked_in_person(db) == []
    with world.core.db.begin() as db, pytest.raises(Conflict):
        sessions.ask_in_person(db, world.core, session.id, "too late")
