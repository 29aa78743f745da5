"""Staff see that a candidate is gone, and since when; a proctor ends the session from its page."""

import pytest

from proctoring.access.model import Role
from proctoring.custody.model import Action
from proctoring.exams.model import Stream
from proctoring.sessions.model import EndReason, Session
from tests.unit.review_ui.conftest import Office, Staff

pytestmark = pytest.mark.promise("P17")


@pytest.fixture
def session(office: Office) -> Session:
    """Recorded for 12 s from 09:00:00 in Brussels."""
    made = office.world.admitted(office.world.exam(streams=(Stream.WEBCAM,)))
    office.world.record(made)
    return made


def test_gone_is_never_recording_now(office: Office, proctor: Staff, session: Session) -> None:
    """In the queue, on the session's page, and on the page of what goes when."""
    officer = office.hire("P. Ots", Role.PRIVACY_OFFICER)
    assert "recording now" in proctor.get("/queue").text
    office.world.clock.move(minutes=36)
    for page in (proctor.get("/queue").text, officer.get("/retention").text):
        assert "gone since" in page
        assert "recording now" not in page
    assert "gone since 09:00" in proctor.get("/queue").text
    page = proctor.get(f"/sessions/{session.id}").text
    assert "Gone since 09:00" in page
    assert "Recording now" not in page


def test_a_proctor_ends_it_with_a_reason(office: Office, proctor: Staff, session: Session) -> None:
    """Only reasons that hold are offered, and one that does not is refused; afterwards it can be claimed."""
    page = proctor.get(f"/sessions/{session.id}").text
    assert f'action="/sessions/{session.id}/end"' in page
    assert 'value="gone"' not in page
    assert proctor.post(f"/sessions/{session.id}/end", reason="gone").status_code == 409
    assert proctor.post(f"/sessions/{session.id}/end", reason="I say so").status_code == 422
    assert proctor.post(f"/sessions/{session.id}/end").status_code == 422
    office.world.clock.move(minutes=36)
    assert 'value="gone"' in proctor.get(f"/sessions/{session.id}").text
    sent = proctor.post(f"/sessions/{session.id}/end", reason=EndReason.GONE.value)
    assert sent.headers["location"] == f"/sessions/{session.id}"
    (told,) = office.ledger(Action.SESSION_FINISH)
    assert told["reason"] == "gone"
    after = proctor.get(f"/sessions/{session.id}").text
    assert "/end" not in after
    assert "Gone since" not in after
    assert "gone since" not in proctor.get("/queue").text
    assert proctor.post(f"/sessions/{session.id}/end", reason="rules").status_code == 409


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PROCTOR])
def test_nobody_else_ends_a_session(office: Office, session: Session, role: Role) -> None:
    """Whatever the page shows, the server refuses."""
    someone = office.hire("S. Omeone", role)
    office.world.clock.move(minutes=36)
    assert someone.post(f"/sessions/{session.id}/end", reason="gone").status_code == 403
    assert office.ledger(Action.SESSION_FINISH) == []
