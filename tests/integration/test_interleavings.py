"""Hold and erasure, and two people at once, on two real connections of PostgreSQL: one winner each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from proctoring.appeals import service as appeals
from proctoring.appeals.model import Appeal, AppealOutcome
from proctoring.casework import claims, procedures, results
from proctoring.custody.model import Actor
from proctoring.db import WRITING_ISOLATION, Database
from proctoring.errors import BeingErased, Conflict, WrongState
from proctoring.exams import service as exams
from proctoring.exams.model import Exam, Stream
from proctoring.exams.rows import ExamRow
from proctoring.flags.model import Category, Severity
from proctoring.holds import service as holds
from proctoring.holds.model import Hold, HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Incident
from proctoring.recordings import ending
from proctoring.reviews.model import Review
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.units.due import due_at
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from tests.integration.two_at_once import Stage, staged
from tests.support.interleave import Work
from tests.support.looks import look

ISOLATION = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
ANNA, BERT, CARLA = Actor("anna", "proctor"), Actor("bert", "proctor"), Actor("carla", "committee")
SCHEDULES_MIN = 100
PEOPLE_STRIDE = 7  # of the orders in which two people meet, every seventh is tried


@pytest.fixture(params=ISOLATION)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A session of two streams, at each isolation level."""
    with staged(tmp_path, request.param, (Stream.WEBCAM, Stream.SCREEN)) as one:
        yield one


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Stage]:
    """A session of one stream, at the isolation level that writers have: no second unit's statement sees what
    the first one's missed."""
    with staged(tmp_path, WRITING_ISOLATION, (Stream.WEBCAM,)) as one:
        yield one


def kept(stage: Stage) -> bool:
    """Whether all of the session is whole, or all of it going. Half erased is neither."""
    states, keys, _ = stage.now()
    assert len(states) == len(keys) == 1, f"half erased: {states}, keys {keys}"
    assert keys == {states == {UnitState.RETAINED.value}}
    return keys == {True}


@pytest.mark.promise("P9")
@pytest.mark.parametrize("by", ["hold", "appeal"])
def test_a_hold_and_an_erasure_have_one_winner_in_every_order(stage: Stage, by: str) -> None:
    """Who is told that the evidence is held finds it whole; who is too late is told so."""
    has_one_winner(stage, by, SCHEDULES_MIN)


@pytest.mark.promise("P9")
@pytest.mark.parametrize("by", ["hold", "appeal"])
def test_a_hold_and_an_erasure_of_a_single_stream_have_one_winner_in_every_order(
    single: Stage, by: str
) -> None:
    """The same where one row alone decides."""
    has_one_winner(single, by, SCHEDULES_MIN // 2)


def has_one_winner(stage: Stage, by: str, schedules_min: int) -> None:
    core, session_id = stage.world.core, stage.session.id

    def hold(database: Database) -> Hold | Appeal:
        if by == "hold":
            return database.transact(
                lambda db: holds.place(db, core, ANNA, session_id, HoldKind.LEGAL, reason="court order")
            )
        return database.transact(lambda db: appeals.lodge(db, core, session_id, "I was alone."))

    won = {True: 0, False: 0}
    for held, erased in stage.every_order((hold, stage.erase), stage.reset, stage.stride):
        assert isinstance(held, Hold | Appeal | BeingErased), repr(held)
        assert isinstance(erased, bool), repr(erased)
        assert isinstance(held, BeingErased) is erased
        assert kept(stage) is not erased
        assert stage.now()[2] == {0 if erased else 1}
        won[erased] += 1
    assert min(won.values()) > 0
    assert sum(won.values()) >= schedules_min // stage.stride


@pytest.mark.promise("P10")
def test_a_release_and_an_erasure_never_lose_count(stage: Stage) -> None:
    """Whichever is first, the counter ends at zero; what is not erased now goes with the next pass."""
    core = stage.world.core
    placed: list[Hold] = []

    def reset() -> None:
        stage.reset()
        with core.db.begin() as db:
            placed[:] = [holds.place(db, core, ANNA, stage.session.id, HoldKind.LEGAL, reason="court order")]

    def release(database: Database) -> Hold:
        return database.transact(lambda db: procedures.release(db, core, BERT, placed[0].id))

    orders = 0
    for released, erased in stage.every_order((release, stage.erase), reset, stage.stride):
        assert isinstance(released, Hold), repr(released)
        assert isinstance(erased, bool), repr(erased)
        assert kept(stage) is not erased
        assert stage.now()[2] == {0}
        assert stage.erase(core.db)
        orders += 1
    assert orders >= SCHEDULES_MIN // stage.stride


def test_two_releases_of_one_hold_lower_the_counter_once(stage: Stage) -> None:
    """Another hold on the same evidence stays in force, whoever releases how often."""
    core = stage.world.core
    placed: list[Hold] = []

    def reset() -> None:
        stage.reset()
        with core.db.begin() as db:
            placed[:] = [
                holds.place(db, core, ANNA, stage.session.id, kind, reason="court order")
                for kind in (HoldKind.LEGAL, HoldKind.INCIDENT)
            ]

    def release(database: Database) -> Hold:
        return database.transact(lambda db: procedures.release(db, core, BERT, placed[0].id))

    for one, two in stage.every_order((release, release), reset, PEOPLE_STRIDE):
        assert isinstance(one, Hold), repr(one)
        assert isinstance(two, Hold), repr(two)
        assert stage.now()[2] == {1}
        assert not stage.erase(core.db)


# Decisions of people lean on a row lock, which does what it should at READ COMMITTED: the level of every
# writing transaction (`proctoring.db`). Hold and erasure lean on nothing but one conditional update.
@pytest.mark.parametrize("stage", ["READ COMMITTED"], indirect=True)
@pytest.mark.parametrize("what", ["claim", "second answer", "appeal closed", "appeal lodged"])
def test_of_two_people_at_once_one_decides(stage: Stage, what: str) -> None:
    """The other is told so; there is one decision, and the counters match it."""
    core, session_id = stage.world.core, stage.session.id
    subject: list[str] = []

    def decided() -> None:
        stage.reset()
        for person in (ANNA, BERT, CARLA):
            look(core, person, session_id)
        with core.db.begin() as db:
            if what == "second answer":
                claims.claim(db, core, ANNA, session_id)
                reasons = "A text file was open over question 9."
                incident = incidents.decide(
                    db,
                    core,
                    ANNA,
                    session_id,
                    category=Category.OTHER,
                    severity=Severity.MINOR,
                    reasons=reasons,
                )
                subject[:] = [incident.id]
            elif what == "appeal closed":
                subject[:] = [appeals.lodge(db, core, session_id, "I was alone.").id]

    def act(person: Actor, second: bool) -> Work:
        def work(database: Database) -> object:
            if what == "claim":
                return database.transact(lambda db: claims.claim(db, core, person, session_id))
            if what == "appeal lodged":
                return database.transact(lambda db: appeals.lodge(db, core, session_id, "I was alone."))
            if what == "second answer":
                return database.transact(lambda db: incidents.confirm(db, core, person, subject[0]))
            outcome = AppealOutcome.REFUSED if second else AppealOutcome.UPHELD
            return database.transact(
                lambda db: appeals.close(
                    db, core, person, subject[0], outcome=outcome, answer="We looked at it."
                )
            )

        return work

    works = (act(BERT, False), act(CARLA, True))
    for outcomes in stage.every_order(works, decided, PEOPLE_STRIDE):
        winners = [result for result in outcomes if isinstance(result, Review | Incident | Appeal)]
        losers = [result for result in outcomes if isinstance(result, Conflict | WrongState)]
        assert (len(winners), len(losers)) == (1, 1), repr(outcomes)
        assert stage.now()[2] == {int(what in ("appeal lodged", "second answer"))}


@pytest.mark.promise("P7")
@pytest.mark.parametrize("stage", ["READ COMMITTED"], indirect=True)
def test_results_count_for_a_session_that_ends_at_the_same_moment(stage: Stage) -> None:
    """In every order: the due date is that of the results, though the session's end locks no exam."""
    core, session_id = stage.world.core, stage.session.id
    ended_at = core.clock()
    with core.db.read() as db:
        exam = exams.load(db, stage.session.exam_id)
    wanted = due_at(exam.regulation, ended_at, ended_at)

    def under_way() -> None:
        with core.db.begin() as db:
            db.execute(update(SessionRow).values(state="recording", ended_at=None))
            db.execute(update(UnitRow).values(state=UnitState.OPEN.value, due_at=stage.due_at))
            db.execute(update(ExamRow).values(results_published_at=None))

    def finish(database: Database) -> Session:
        return database.transact(lambda db: ending.finish(db, core, session_id))

    def publish(database: Database) -> Exam:
        return database.transact(lambda db: results.publish_results(db, core, ANNA, exam.id, ended_at))

    orders = 0
    for finished, published in stage.every_order((finish, publish), under_way, PEOPLE_STRIDE):
        assert isinstance(finished, Session), repr(finished)
        assert isinstance(published, Exam), repr(published)
        with core.db.read() as db:
            assert set(db.scalars(select(UnitRow.due_at))) == {wanted}
        orders += 1
    assert orders >= SCHEDULES_MIN // PEOPLE_STRIDE
