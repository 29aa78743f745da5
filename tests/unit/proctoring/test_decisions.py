"""Reviews, incidents and appeals: who decides, what it holds, what ends it."""

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome, AppealState
from proctoring.custody.model import Actor
from proctoring.errors import Conflict, CoreError, Denied, Invalid, WrongState
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Incident, IncidentState
from proctoring.recordings.timeline import timeline
from proctoring.reviews import flags, queue
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Category, FlagState, ReviewState, Severity
from proctoring.sessions.model import Session
from tests.support.world import World

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
COMMITTEE = Actor("carla", "committee")
REASONS = "A text file was open over question 9."


@pytest.fixture
def ended(world: World) -> Session:
    return world.ended()


def claimed(world: World, session: Session, by: Actor = ANNA) -> None:
    with world.core.db.begin() as db:
        reviews.claim(db, world.core, by, session.id)


def decide(world: World, session: Session, by: Actor = ANNA) -> Incident:
    claimed(world, session, by)
    with world.core.db.begin() as db:
        return incidents.decide(
            db, world.core, by, session.id, Category.UNAUTHORISED_AID, Severity.MAJOR, REASONS
        )


def held_units(world: World, session: Session) -> int:
    with world.core.db.read() as db:
        return sum(stream.active_holds for stream in timeline(db, session.id).streams)


def state(world: World, session: Session) -> ReviewState:
    with world.core.db.read() as db:
        return reviews.load(db, session.id).state


def test_a_session_is_reviewed_by_one_person_at_a_time(world: World, ended: Session) -> None:
    """A second claim is refused until the first person gives the session back."""
    claimed(world, ended)
    claimed(world, ended)
    with pytest.raises(Conflict):
        claimed(world, ended, BERT)
    with world.core.db.begin() as db, pytest.raises(Conflict):
        reviews.release(db, world.core, BERT, ended.id)
    with world.core.db.begin() as db:
        reviews.release(db, world.core, ANNA, ended.id)
    claimed(world, ended, BERT)


def test_nothing_is_decided_while_a_flag_is_open(world: World, ended: Session) -> None:
    """Every flag is confirmed or dismissed by a person first."""
    claimed(world, ended)
    with world.core.db.begin() as db:
        flag = flags.add(
            db, world.core, ANNA, ended.id, 1000, 5000, Category.OTHER, Severity.MINOR, "look here"
        )
    with world.core.db.begin() as db, pytest.raises(Conflict, match="1 flag"):
        reviews.decide_no_concern(db, world.core, ANNA, ended.id)
    with world.core.db.begin() as db:
        flags.decide(db, world.core, ANNA, flag.id, FlagState.DISMISSED)
        reviews.decide_no_concern(db, world.core, ANNA, ended.id)
    assert state(world, ended) is ReviewState.NO_CONCERN
    assert held_units(world, ended) == 0


@pytest.mark.promise("P8")
def test_an_incident_holds_at_once_and_counts_when_a_second_person_agrees(
    world: World, ended: Session
) -> None:
    """One person's decision holds all evidence; only another person makes it count."""
    incident = decide(world, ended)
    assert held_units(world, ended) == 3
    assert state(world, ended) is ReviewState.SECOND_PERSON
    for answer in (incidents.confirm, incidents.reject):
        with world.core.db.begin() as db, pytest.raises(Denied):
            answer(db, world.core, ANNA, incident.id)
    with world.core.db.begin() as db:
        assert incidents.confirm(db, world.core, BERT, incident.id).state is IncidentState.CONFIRMED
    assert state(world, ended) is ReviewState.INCIDENT
    with world.core.db.begin() as db, pytest.raises(WrongState):
        incidents.reject(db, world.core, BERT, incident.id)


def test_when_the_second_person_does_not_agree_the_hold_ends(world: World, ended: Session) -> None:
    """The session goes back to the queue, unclaimed, and nothing holds it."""
    incident = decide(world, ended)
    with world.core.db.begin() as db:
        incidents.reject(db, world.core, BERT, incident.id)
    assert held_units(world, ended) == 0
    assert state(world, ended) is ReviewState.TO_REVIEW


@pytest.mark.promise("P10")
def test_closing_an_incident_ends_its_hold_and_needs_another_person(world: World, ended: Session) -> None:
    """Not the person who decided it."""
    incident = decide(world, ended)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, BERT, incident.id)
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.close(db, world.core, ANNA, incident.id)
    with world.core.db.begin() as db:
        incidents.close(db, world.core, BERT, incident.id)
    assert held_units(world, ended) == 0


def test_an_incident_needs_a_claim_and_reasons(world: World, ended: Session) -> None:
    """Without either nothing is decided and nothing is held."""
    cases: list[tuple[bool, str, type[CoreError]]] = [(False, REASONS, Conflict), (True, " ", Invalid)]
    for claim_first, reasons, error in cases:
        if claim_first:
            claimed(world, ended)
        with world.core.db.begin() as db, pytest.raises(error):
            incidents.decide(db, world.core, ANNA, ended.id, Category.OTHER, Severity.MINOR, reasons)
    assert held_units(world, ended) == 0


def test_a_flag_lies_within_the_session(world: World, ended: Session) -> None:
    """Ranges before the start, after the end or backwards are refused."""
    with world.core.db.read() as db:
        length = timeline(db, ended.id).duration_ms
    for start, end in ((-1, 0), (0, length + 1), (5000, 1000)):
        with world.core.db.begin() as db, pytest.raises(Invalid):
            flags.add(db, world.core, ANNA, ended.id, start, end, Category.OTHER, Severity.MINOR, "")


@pytest.mark.promise("P9")
def test_an_appeal_is_answered_once_and_its_answer_ends_the_hold(world: World, ended: Session) -> None:
    """While it is open no second one is taken; closing it needs an answer."""
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, ended.id, "I was alone.")
    assert held_units(world, ended) == 3
    with world.core.db.begin() as db, pytest.raises(Conflict):
        appeals.lodge(db, world.core, ended.id, "Again.")
    with world.core.db.begin() as db, pytest.raises(Invalid):
        appeals.close(db, world.core, COMMITTEE, appeal.id, AppealOutcome.UPHELD, "")
    with world.core.db.begin() as db:
        closed = appeals.close(db, world.core, COMMITTEE, appeal.id, AppealOutcome.UPHELD, "You were alone.")
    assert closed.state is AppealState.CLOSED
    assert held_units(world, ended) == 0
    with world.core.db.begin() as db, pytest.raises(WrongState):
        appeals.close(db, world.core, COMMITTEE, appeal.id, AppealOutcome.REFUSED, "No.")


def test_holds_of_several_kinds_add_up(world: World, ended: Session) -> None:
    """Releasing one of two leaves the other in force."""
    incident = decide(world, ended)
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, ended.id, "I object.")
    assert held_units(world, ended) == 6
    with world.core.db.begin() as db:
        incidents.reject(db, world.core, BERT, incident.id)
    assert held_units(world, ended) == 3
    with world.core.db.read() as db:
        assert [hold.kind.value for hold in holds.active(db, ended.id)] == ["appeal"]


def test_the_queue_shows_what_is_due_first(world: World, ended: Session) -> None:
    """Lines carry the due date, the flags, the length and who has claimed."""
    claimed(world, ended)
    with world.core.db.read() as db:
        (line,) = queue.queue(db)
        assert queue.queue(db, (ReviewState.NO_CONCERN,)) == []
    assert line.session.id == ended.id
    assert line.review.claimed_by == "anna"
    assert line.length_ms > 0
    assert not line.held


def test_a_session_still_recording_is_not_decided(world: World) -> None:
    """Looking is possible, deciding waits for the end."""
    session = world.admitted()
    world.record(session, Stream.WEBCAM)
    claimed(world, session)
    with world.core.db.begin() as db, pytest.raises(Conflict, match="not ended"):
        reviews.decide_no_concern(db, world.core, ANNA, session.id)
