"""Calls for help at the proctor's desk, and who asked to sit in person."""

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
        page = office.hire(role.value, role).get("/in-person").text
        assert "I share a room." in page
        assert asking.id in page
    assert office.hire("Admin", Role.EXAM_ADMIN).get("/").headers["location"] == "/in-person"
    assert proctor.get("/in-person").status_code == 403
