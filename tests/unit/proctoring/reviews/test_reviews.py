"""Reviews: who may decide, what they have looked at, and whose turn is next."""

import pytest

from proctoring.casework.flagging import add_flag
from proctoring.errors import Conflict, Denied, Invalid
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.incidents import service as incidents
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.recordings import ending
from proctoring.recordings.timeline import timeline
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import Session
from tests.support.looks import look
from tests.support.world import World
from tests.unit.proctoring.decided import ANNA, BERT, DIRK, REASONS, claimed, decide, held_units, state


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
            db,
            world.core,
            ANNA,
            ended.id,
            start_ms=1000,
            end_ms=5000,
            category=Category.OTHER,
            severity=Severity.MINOR,
            note="look here",
        )
    with world.core.db.begin() as db, pytest.raises(Conflict, match="1 flag"):
        reviews.decide_no_concern(db, world.core, ANNA, ended.id)
    with world.core.db.begin() as db:
        flags.decide(db, world.core, ANNA, flag.id, FlagState.DISMISSED)
        reviews.decide_no_concern(db, world.core, ANNA, ended.id)
    assert state(world, ended) is ReviewState.NO_CONCERN
    assert held_units(world, ended) == 0


@pytest.mark.promise("P12")
def test_whoever_decides_has_looked_at_every_stream(world: World, ended: Session) -> None:
    """By the ledger, and themselves: a colleague's views are nobody else's, and one stream is not all."""
    claimed(world, ended)
    look(world.core, BERT, ended.id)
    look(world.core, ANNA, ended.id, Stream.WEBCAM)
    with world.core.db.begin() as db, pytest.raises(Denied, match="phone and screen"):
        incidents.decide(
            db, world.core, ANNA, ended.id, category=Category.OTHER, severity=Severity.MINOR, reasons=REASONS
        )
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
                start_ms=at,
                end_ms=at,
                category=Category.OTHER,
                severity=Severity.MINOR,
                note="",
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
                db,
                world.core,
                ANNA,
                session.id,
                category=Category.OTHER,
                severity=Severity.MINOR,
                reasons=REASONS,
                flag_ids=linked,
            )
    with world.core.db.begin() as db:
        incidents.decide(
            db,
            world.core,
            ANNA,
            session.id,
            category=Category.OTHER,
            severity=Severity.MINOR,
            reasons=REASONS,
            flag_ids=(early.id,),
        )


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
            start_ms=1000,
            end_ms=1000,
            category=Category.OTHER,
            severity=Severity.MINOR,
            note="a voice?",
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
                start_ms=start,
                end_ms=end,
                category=Category.OTHER,
                severity=Severity.MINOR,
                note="",
            )


def test_a_session_still_recording_is_not_decided(world: World) -> None:
    """Looking is possible, deciding waits for the end."""
    session = world.admitted()
    world.record(session, Stream.WEBCAM)
    claimed(world, session)
    with world.core.db.begin() as db, pytest.raises(Conflict, match="not ended"):
        reviews.decide_no_concern(db, world.core, ANNA, session.id)
