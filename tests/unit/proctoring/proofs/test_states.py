"""Holds, due dates and units as the ledger alone tells them are those of the tables, at every step."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, identity_answers, procedures, results
from proctoring.custody.model import Action, Actor, Entry
from proctoring.custody.service import entries
from proctoring.exams.model import CountFrom, Exam, Regulation
from proctoring.flags.model import Category, Severity
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow
from proctoring.incidents import service as incidents
from proctoring.proofs.replay import replay
from proctoring.proofs.states.deciding import active_holds, is_over, open_procedures, told_units
from proctoring.proofs.states.due import NOT_TOLD, ToldDue, told_due
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from tests.support.looks import look
from tests.support.world import ADMIN, World

ANNA, BERT, DIRK, ELS = (Actor(name, "proctor") for name in ("anna", "bert", "dirk", "els"))
OLDER = {"closes_at", "ended_at", "checked_at", "count_from", "zone", "max_days"}


def about(world: World, session: Session) -> tuple[list[Entry], list[Entry]]:
    """Entries about the session's exam, and about the session."""
    with world.core.db.read() as db:
        chain = entries(db)
    exam = [e for e in chain if e.session_id is None and e.detail.get("exam") == session.exam_id]
    return exam, [e for e in chain if e.session_id == session.id]


def due_in_rows(world: World, session: Session) -> ToldDue:
    with world.core.db.read() as db:
        rows = {
            unit.kind: unit.due_at
            for unit in db.scalars(select(UnitRow).where(UnitRow.session_id == session.id))
        }
    return ToldDue(rows["webcam"], rows["identity"])


def check_holds(world: World, session: Session) -> None:
    """Holds and counters of the tables are the told ones; each open procedure names its hold."""
    _, mine = about(world, session)
    facts = replay(mine, exact_from=0)
    told = active_holds(facts)
    with world.core.db.read() as db:
        assert {hold.id: hold.kind.value for hold in holds.active(db, session.id)} == told
        assert set(facts.of("holds")) == set(
            db.scalars(select(HoldRow.id).where(HoldRow.session_id == session.id))
        )
        units = list(db.scalars(select(UnitRow).where(UnitRow.session_id == session.id)))
        opened = [incident for incident in incidents.of_session(db, session.id) if incident.state in OPEN]
        appeal = appeals.open_of_session(db, session.id)
    named = {incident.id: incident.hold_id for incident in opened}
    if appeal is not None:
        named[appeal.id] = appeal.hold_id
    assert {unit.active_holds for unit in units} == {len(told)}
    assert {one.id: one.hold for one in open_procedures(facts).values()} == named
    assert told_units(facts).kinds == {unit.id: unit.kind for unit in units}
    assert told_units(facts).complete
    assert is_over(facts)


OPEN = ("awaiting-second", "awaiting-third", "confirmed")


def decide_incident(world: World, session: Session) -> str:
    for person in (ANNA, BERT, DIRK):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        claims.claim(db, world.core, ANNA, session.id)
        decided = incidents.decide(
            db,
            world.core,
            ANNA,
            session.id,
            category=Category.OTHER,
            severity=Severity.MINOR,
            reasons="A second voice.",
        )
    return decided.id


def test_holds_are_told_through_every_procedure(world: World) -> None:
    """Placed by hand, by incident, by appeal; released, rejected, confirmed, closed, answered."""
    session = world.ended(world.exam(identity_copy=True))
    core = world.core
    check_holds(world, session)
    with core.db.begin() as db:
        legal = holds.place(db, core, ADMIN, session.id, HoldKind.LEGAL, reason="court order")
        appeal = appeals.lodge(db, core, session.id, "I was alone.")
    check_holds(world, session)
    with core.db.begin() as db:
        procedures.release(db, core, ADMIN, legal.id)
    check_holds(world, session)
    confirmed = decide_incident(world, session)
    check_holds(world, session)
    with core.db.begin() as db:
        incidents.reject(db, core, DIRK, confirmed, "I see nothing.")
    check_holds(world, session)
    with core.db.begin() as db:
        incidents.confirm(db, core, BERT, confirmed)
    check_holds(world, session)
    with core.db.begin() as db:
        incidents.close(db, core, BERT, confirmed)
        appeals.close(db, core, ELS, appeal.id, outcome=AppealOutcome.REFUSED, answer="You were not alone.")
    check_holds(world, session)
    _, mine = about(world, session)
    facts = replay(mine, exact_from=0)
    assert not active_holds(facts)
    assert len(facts.of("holds")) == 3
    rejected = decide_incident(world, other := world.ended(world.exam(identity_copy=True)))
    for person in (BERT, DIRK):
        check_holds(world, other)
        with core.db.begin() as db:
            incidents.reject(db, core, person, rejected, "I see nothing.")
    check_holds(world, other)
    assert not active_holds(replay(about(world, other)[1], exact_from=0))


@pytest.mark.parametrize("count_from", list(CountFrom))
def test_due_dates_are_told_at_every_step(world: World, count_from: CountFrom) -> None:
    """While it lasts, after its end, when results come, when the card was compared, and compared again."""
    exam = world.exam(Regulation(14, count_from, "Europe/Brussels", 90), identity_copy=True)
    session = world.admitted(exam)
    world.send_card(session)

    def check() -> None:
        assert told_due(*about(world, session)) == due_in_rows(world, session)

    check()
    world.record(session)
    world.clock.move(days=2)
    with world.core.db.begin() as db:  # for others of the exam: this one is under way
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock() + timedelta(days=9, minutes=1))
    check()
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    check()
    for confirmed in (True, False, True):
        world.clock.move(days=1)
        with world.core.db.begin() as db:
            identity_answers.answer(
                db, world.core, ANNA, session.id, confirmed=confirmed, reason="the picture is dark"
            )
        check()
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    check()


def test_a_session_that_expired_is_due_from_the_end_of_its_recording(world: World) -> None:
    """Not from the instant at which the worker found its window closed."""
    exam: Exam = world.exam(Regulation(3, CountFrom.EXAM_END, "Pacific/Auckland", 90), identity_copy=True)
    session = world.admitted(exam)
    world.record(session)
    world.clock.now = session.closes_at
    with world.core.db.begin() as db:
        ending.expire_overdue(db, world.core, [session.id])
    assert told_due(*about(world, session)) == due_in_rows(world, session)


@pytest.mark.parametrize("action", [Action.EXAM_CREATE, Action.SESSION_FINISH, Action.IDENTITY_CHECK])
def test_an_older_ledger_leaves_the_date_open_and_is_no_fault(world: World, action: Action) -> None:
    """Entries from before they told these figures: what follows from them is not told, the rest is."""
    session = world.ended(world.exam(identity_copy=True))
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, ANNA, session.id, confirmed=True, reason="")
    exam, mine = about(world, session)
    for entry in (*exam, *mine):
        if entry.action is action:
            for name in OLDER & entry.detail.keys():
                del entry.detail[name]
    told = told_due(exam, mine)
    footage = None if action is not Action.IDENTITY_CHECK else due_in_rows(world, session).footage
    assert told == ToldDue(footage, None)
    assert (told == NOT_TOLD) is (footage is None)
    assert told.of("screen") == footage
