"""Calls for help at the proctor's desk, and who asked to sit in person."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from proctoring.access.model import Role
from proctoring.custody.model import Action
from proctoring.exams.model import Stream
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind, HelpRequest
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from tests.unit.review_ui.conftest import Office, Staff

WORDS = "The doorbell rang."


@pytest.fixture
def session(office: Office) -> Session:
    made = office.world.admitted(office.world.exam(streams=(Stream.WEBCAM,)))
    office.world.record(made)
    return made


@pytest.fixture
def call(office: Office, session: Session) -> HelpRequest:
    with office.world.core.db.begin() as db:
        return help_requests.ask(db, office.world.core, session.id, HelpKind.HELP, WORDS)


def test_a_call_is_seen_in_the_queue_and_answered(
    office: Office, proctor: Staff, session: Session, call: HelpRequest
) -> None:
    """Any proctor may answer, without claiming; the ledger says who, and holds none of the words."""
    assert "asks for help" in proctor.get("/queue").text
    page = proctor.get(f"/sessions/{session.id}").text
    assert WORDS in page
    assert f'action="/help/{call.id}"' in page
    assert proctor.post(f"/help/{call.id}", answer=" ").status_code == 422
    sent = proctor.post(f"/help/{call.id}", answer="Go on, please.")
    assert sent.headers["location"] == f"/sessions/{session.id}#panel-messages"
    assert "asks for help" not in proctor.get("/queue").text
    assert "Go on, please." in proctor.get(f"/sessions/{session.id}").text
    assert office.ledger(Action.HELP_ANSWER) == [{"help": call.id}]
    assert proctor.post(f"/help/{call.id}", answer="Again.").status_code == 409


def test_a_call_is_on_every_page_of_those_who_may_answer(
    office: Office, proctor: Staff, colleague: Staff, session: Session, call: HelpRequest
) -> None:
    """The bar has the candidate's words, and who answers; it is nobody else's, whatever page they open."""
    for path in ("/queue", "/incidents", f"/sessions/{session.id}"):
        assert WORDS in proctor.get(path).text.split("<main")[0]
    taken = proctor.post(f"/help/{call.id}/take")
    assert taken.headers["location"] == f"/sessions/{session.id}#panel-messages"
    assert "M. Claes is answering" in unmarked(colleague.get("/queue").text)
    assert "is answering" not in unmarked(proctor.get("/queue").text)
    assert colleague.post(f"/help/{call.id}/take").status_code == 409
    assert office.ledger(Action.HELP_TAKE) == [{"help": call.id}]
    proctor.post(f"/help/{call.id}", answer="Go on, please.")
    assert WORDS not in colleague.get("/queue").text
    officer = office.hire("Officer", Role.PRIVACY_OFFICER)
    assert 'id="calls"' not in officer.get("/retention").text
    assert officer.get("/help/calls").status_code == 403
    assert officer.get("/help/stream").status_code == 403


def test_who_calls_is_first_in_the_queue(office: Office, proctor: Staff, session: Session) -> None:
    """Whatever else is due before."""
    later = office.world.admitted(office.world.exam(streams=(Stream.WEBCAM,)))
    office.world.record(later)
    with office.world.core.db.begin() as db:
        help_requests.ask(db, office.world.core, later.id, HelpKind.HELP, WORDS)
    page = proctor.get("/queue").text.split("<tbody")[1]
    assert page.index(later.id) < page.index(session.id)


def unmarked(page: str) -> str:
    """Without the characters that isolate names in direction."""
    return page.replace("\u2068", "").replace("\u2069", "")


@pytest.mark.promise("P12")
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROCTOR])
def test_nobody_else_answers(office: Office, call: HelpRequest, role: Role) -> None:
    staff = office.hire("Somebody", role)
    assert staff.post(f"/help/{call.id}", answer="Hello.").status_code == 403


def test_the_wish_to_sit_in_person_reaches_privacy_desk_and_exam_administrator(
    office: Office, proctor: Staff
) -> None:
    """Nobody else: it may say something about the candidate's life."""
    asking = office.world.session()
    with office.world.core.db.begin() as db:
        sessions.ask_in_person(db, office.world.core, asking.id, "I share a room.")
    for role in (Role.PRIVACY_OFFICER, Role.EXAM_ADMIN):
        page = office.hire(role.value, role).get("/in-person").text  # with an answer in the row
        assert f'href="/in-person?answer={asking.id}#answer"' in page
        assert "I share a room." in page
        assert asking.id in page
    assert office.hire("Admin", Role.EXAM_ADMIN).get("/").headers["location"] == "/in-person"
    assert proctor.get("/in-person").status_code == 403


@pytest.mark.promise("P16")
def test_a_wish_to_sit_in_person_is_answered_in_its_row(office: Office) -> None:
    """With a date in the exam's own time; who waits counts in the bar, and is first in the list."""
    world = office.world
    first, second = world.session(), world.session()
    with world.core.db.begin() as db:
        for session in (first, second):
            sessions.ask_in_person(db, world.core, session.id, f"I share a room: {session.id}.")
        world.clock.move(seconds=1)
    admin = office.hire("A. Admin", Role.EXAM_ADMIN)
    page = admin.get(f"/in-person?answer={first.id}").text
    assert f'action="/in-person/{first.id}"' in page
    assert f'action="/in-person/{second.id}"' not in page
    sits_at = (world.clock() + timedelta(days=20)).strftime("%Y-%m-%dT09:00")
    sent = admin.post(f"/in-person/{first.id}", sits_at=sits_at, answer="Room 4. Bring your card.")
    assert sent.headers["location"] == "/in-person"
    with world.core.db.read() as db:
        waiting, answered = sessions.asked_in_person(db)
    assert (waiting.session_id, waiting.waits) == (second.id, True)
    assert (answered.session_id, answered.waits) == (first.id, False)
    assert answered.sits_at is not None
    assert answered.sits_at.astimezone(ZoneInfo(answered.zone)).strftime("%Y-%m-%dT%H:%M") == sits_at
    page = admin.get("/in-person").text
    assert "Room 4. Bring your card." in page
    assert 'In person <span class="count">1</span>' in page
    (told,) = office.ledger(Action.SESSION_IN_PERSON_ANSWER)
    assert "Room" not in str(told)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"sits_at": "2020-01-01T09:00", "answer": "Room 4."}, 422),
        ({"sits_at": "9999-01-01T09:00"}, 422),
        ({"sits_at": "soon"}, 422),
        ({}, 422),
        ({"answer": " "}, 422),
        ({"answer": "x" * 1001}, 422),
        ({"answer": "We have no room in that month."}, 303),
    ],
)
def test_an_answer_has_a_date_to_come_or_a_reason(
    office: Office, fields: dict[str, str], status: int
) -> None:
    asking = office.world.session()
    with office.world.core.db.begin() as db:
        sessions.ask_in_person(db, office.world.core, asking.id, "")
    admin = office.hire("A. Admin", Role.EXAM_ADMIN)
    assert admin.post(f"/in-person/{asking.id}", **fields).status_code == status


def test_only_a_wish_is_answered_and_only_before_the_exam(office: Office, proctor: Staff) -> None:
    """Nobody who may not see it answers it."""
    world = office.world
    silent, begun = world.session(), world.session()
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, begun.id, "I share a room.")
        sessions.admit(db, world.core, begun.id, "v1", notice_text="{}", language="nl")
    world.record(begun)
    admin = office.hire("A. Admin", Role.EXAM_ADMIN)
    for session, who, status in ((silent, admin, 409), (begun, admin, 409), (begun, proctor, 403)):
        assert who.post(f"/in-person/{session.id}", answer="Room 4.").status_code == status
