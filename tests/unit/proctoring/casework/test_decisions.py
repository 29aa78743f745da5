"""Reviews, incidents and appeals: who decides, what it holds, what ends it."""

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome, AppealState
from proctoring.casework import claims, queue
from proctoring.casework.flagging import add_flag
from proctoring.custody.model import Actor
from proctoring.errors import Conflict, CoreError, Denied, Invalid, WrongState
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, Incident, IncidentState, after_answer
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.recordings import ending
from proctoring.recordings.timeline import timeline
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import Session
from tests.support.looks import look
from tests.support.world import World

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
DIRK, COMMITTEE = Actor("dirk", "proctor"), Actor("carla", "committee")
NOTHING = "I see nothing of it."
REASONS = "A text file was open over question 9."


@pytest.fixture
def ended(world: World) -> Session:
    return world.ended()


def claimed(world: World, session: Session, by: Actor = ANNA) -> None:
    with world.core.db.begin() as db:
        claims.claim(db, world.core, by, session.id)


def decide(world: World, session: Session, by: Actor = ANNA) -> Incident:
    claimed(world, session, by)
    look(world.core, by, session.id)
    with world.core.db.begin() as db:
        return incidents.decide(
            db, world.core, by, session.id, Category.UNAUTHORISED_AID, Severity.MAJOR, REASONS
        )


def no(world: World, session: Session, incident: Incident, by: Actor) -> Incident:
    """This person looks and does not agree."""
    look(world.core, by, session.id)
    with world.core.db.begin() as db:
        return incidents.reject(db, world.core, by, incident.id, NOTHING)


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
        flag = add_flag(
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
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.confirm(db, world.core, ANNA, incident.id)
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.reject(db, world.core, ANNA, incident.id, REASONS)
    look(world.core, BERT, ended.id)
    with world.core.db.begin() as db:
        assert incidents.confirm(db, world.core, BERT, incident.id).state is IncidentState.CONFIRMED
    assert state(world, ended) is ReviewState.INCIDENT
    with world.core.db.begin() as db, pytest.raises(WrongState):
        incidents.reject(db, world.core, DIRK, incident.id, REASONS)


@pytest.mark.promise("P8")
def test_after_a_no_a_third_person_decides_once(world: World, ended: Session) -> None:
    """The evidence is held meanwhile; their no ends the hold, it is no concern, and nobody begins anew."""
    incident = decide(world, ended)
    no(world, ended, incident, BERT)
    assert held_units(world, ended) == 3
    assert state(world, ended) is ReviewState.SECOND_PERSON
    for person in (ANNA, BERT):
        look(world.core, person, ended.id)
        with world.core.db.begin() as db, pytest.raises(Denied, match="yourself"):
            incidents.confirm(db, world.core, person, incident.id)
    rejected = no(world, ended, incident, DIRK)
    assert (rejected.second_by, rejected.third_by) == ("bert", "dirk")
    assert rejected.second_reasons == NOTHING
    assert held_units(world, ended) == 0
    assert state(world, ended) is ReviewState.NO_CONCERN
    for person in (ANNA, BERT, DIRK):
        with pytest.raises(WrongState):
            claimed(world, ended, person)
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []


@pytest.mark.promise("P8")
def test_a_third_person_who_agrees_makes_it_count(world: World, ended: Session) -> None:
    """Two of three saw it; the candidate is told when the last of them said so."""
    incident = decide(world, ended)
    no(world, ended, incident, BERT)
    world.clock.move(hours=1)
    look(world.core, DIRK, ended.id)
    with world.core.db.begin() as db:
        agreed = incidents.confirm(db, world.core, DIRK, incident.id)
    assert (agreed.state, agreed.agreed_at) == (IncidentState.CONFIRMED, world.clock())
    assert held_units(world, ended) == 3
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []


@pytest.mark.promise("P12")
def test_whoever_decides_has_looked_at_every_stream(world: World, ended: Session) -> None:
    """By the ledger, and themselves: a colleague's views are nobody else's, and one stream is not all."""
    claimed(world, ended)
    look(world.core, BERT, ended.id)
    look(world.core, ANNA, ended.id, Stream.WEBCAM)
    with world.core.db.begin() as db, pytest.raises(Denied, match="phone and screen"):
        incidents.decide(db, world.core, ANNA, ended.id, Category.OTHER, Severity.MINOR, REASONS)
    assert held_units(world, ended) == 0
    incident = decide(world, ended)
    with world.core.db.begin() as db, pytest.raises(Denied, match="not looked at phone"):
        incidents.confirm(db, world.core, DIRK, incident.id)
    with world.core.db.begin() as db, pytest.raises(Denied, match="not looked"):
        incidents.reject(db, world.core, DIRK, incident.id, REASONS)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, BERT, incident.id)


@pytest.mark.promise("P12")
def test_a_decision_about_a_stretch_names_the_streams_of_that_stretch(world: World) -> None:
    """A stream that recorded nothing there need not be looked at; what began then must be."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM, Stream.SCREEN)))
    world.record(session, Stream.WEBCAM)
    world.clock.move(seconds=60)
    world.record(session, Stream.SCREEN)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    claimed(world, session)
    with world.core.db.begin() as db:
        for one in flags.of_session(db, session.id):
            flags.decide(db, world.core, ANNA, one.id, FlagState.DISMISSED)
    with world.core.db.begin() as db:
        early, late = (
            add_flag(
                db,
                world.core,
                ANNA,
                session.id,
                at,
                at,
                Category.OTHER,
                Severity.MINOR,
                "",
            )
            for at in (1000, 61_000)
        )
    for flag in (early, late):
        with world.core.db.begin() as db:
            flags.decide(db, world.core, ANNA, flag.id, FlagState.CONFIRMED)
    look(world.core, ANNA, session.id, Stream.WEBCAM)
    for linked in ((late.id,), (early.id, late.id), ()):
        with world.core.db.begin() as db, pytest.raises(Denied, match="not looked at screen"):
            incidents.decide(
                db, world.core, ANNA, session.id, Category.OTHER, Severity.MINOR, REASONS, linked
            )
    with world.core.db.begin() as db:
        incidents.decide(
            db, world.core, ANNA, session.id, Category.OTHER, Severity.MINOR, REASONS, (early.id,)
        )


@pytest.mark.parametrize("reasons", ["", " ", "no"])
def test_a_no_needs_reasons(world: World, ended: Session, reasons: str) -> None:
    """Without them it is not said."""
    incident = decide(world, ended)
    look(world.core, BERT, ended.id)
    with world.core.db.begin() as db, pytest.raises(Invalid):
        incidents.reject(db, world.core, BERT, incident.id, reasons)
    with world.core.db.read() as db:
        assert incidents.load(db, incident.id).state is IncidentState.AWAITING_SECOND


def test_unclear_goes_back_to_the_queue_for_another_person(world: World, ended: Session) -> None:
    """With a note, open flags or not; who could not settle it does not get it again, not even after a
    colleague gave it back."""
    claimed(world, ended)
    with world.core.db.begin() as db:
        add_flag(
            db,
            world.core,
            ANNA,
            ended.id,
            1000,
            1000,
            Category.OTHER,
            Severity.MINOR,
            "a voice?",
        )
    with world.core.db.begin() as db, pytest.raises(Invalid):
        reviews.decide_unclear(db, world.core, ANNA, ended.id, " ")
    with world.core.db.begin() as db:
        left = reviews.decide_unclear(db, world.core, ANNA, ended.id, "A voice, or a radio?")
    assert (left.state, left.claimed_by) == (ReviewState.TO_REVIEW, None)
    with pytest.raises(Denied):
        claimed(world, ended)
    claimed(world, ended, BERT)
    with world.core.db.read() as db:
        assert reviews.load(db, ended.id).note == "A voice, or a radio?"
    with world.core.db.begin() as db:
        reviews.release(db, world.core, BERT, ended.id)
    with pytest.raises(Denied):
        claimed(world, ended)
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []


@pytest.mark.parametrize(
    ("state", "agrees", "after"),
    [
        (IncidentState.AWAITING_SECOND, True, IncidentState.CONFIRMED),
        (IncidentState.AWAITING_SECOND, False, IncidentState.AWAITING_THIRD),
        (IncidentState.AWAITING_THIRD, True, IncidentState.CONFIRMED),
        (IncidentState.AWAITING_THIRD, False, IncidentState.REJECTED),
        *(
            (state, agrees, None)
            for state in IncidentState
            if state not in AWAITING
            for agrees in (True, False)
        ),
    ],
)
def test_each_answer_in_each_state(state: IncidentState, agrees: bool, after: IncidentState | None) -> None:
    """As the table of `incidents.model` says."""
    if after is None:
        with pytest.raises(WrongState):
            after_answer(state, agrees)
    else:
        assert after_answer(state, agrees) is after


@pytest.mark.parametrize("act", ["claim", "second", "third"])
def test_a_member_who_reviewed_or_seconded_is_out_of_the_appeal(
    world: World, ended: Session, act: str
) -> None:
    """By the ledger; another member answers it."""
    incident = decide(world, ended, COMMITTEE if act == "claim" else ANNA)
    if act == "third":
        no(world, ended, incident, BERT)
    second = COMMITTEE if act != "claim" else BERT
    look(world.core, second, ended.id)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, second, incident.id)
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, ended.id, "I was alone.")
    with world.core.db.begin() as db, pytest.raises(Denied, match="took part"):
        appeals.close(db, world.core, COMMITTEE, appeal.id, AppealOutcome.REFUSED, "It stands.")
    with world.core.db.begin() as db:
        appeals.close(db, world.core, DIRK, appeal.id, AppealOutcome.REFUSED, "It stands.")


@pytest.mark.promise("P10")
def test_closing_an_incident_ends_its_hold_and_needs_another_person(world: World, ended: Session) -> None:
    """Not the person who decided it."""
    incident = decide(world, ended)
    look(world.core, BERT, ended.id)
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
            add_flag(
                db,
                world.core,
                ANNA,
                ended.id,
                start,
                end,
                Category.OTHER,
                Severity.MINOR,
                "",
            )


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
    no(world, ended, incident, BERT)
    no(world, ended, incident, DIRK)
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
