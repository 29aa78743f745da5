"""The copy of the identity card beside a session: who sees it, what is written down, who answers."""

import pytest

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.clock import iso
from proctoring.custody.model import Action
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.identity import service as identity
from proctoring.sessions.model import Session
from storage.objects.naming import unit_prefix
from tests.support.world import ADMIN
from tests.unit.review_ui.conftest import Office, Staff


@pytest.fixture
def session(office: Office) -> Session:
    return office.world.ended(office.world.exam(streams=(Stream.WEBCAM,), identity_copy=True))


@pytest.mark.promise("P4")
@pytest.mark.promise("P12")
def test_only_who_claimed_it_sees_the_card(
    office: Office, proctor: Staff, colleague: Staff, session: Session
) -> None:
    """Others see that there is one; the claimant's every look is an entry of its own."""
    image, page = f"/sessions/{session.id}/identity/0.jpg", f"/sessions/{session.id}"
    assert proctor.get(image).status_code == 403
    assert "/identity/0.jpg" not in proctor.get(page).text
    assert "1 picture of the identity card is kept." in proctor.get(page).text
    proctor.post(f"{page}/claim")
    assert "/identity/0.jpg" in proctor.get(page).text
    shown = proctor.get(image)
    assert (shown.content, shown.headers["content-type"]) == (b"card", "image/jpeg")
    assert shown.headers["cache-control"] == "no-store"
    proctor.get(image)
    assert colleague.get(image).status_code == 403
    assert office.looks() == [
        {"stream": "identity", "first": 0, "why": "review"},
        {"stream": "identity", "first": 0, "why": "review"},
    ]


@pytest.mark.promise("P12")
@pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.EXAM_ADMIN, Role.AUDITOR, Role.OPERATOR])
def test_other_roles_never_see_it(office: Office, session: Session, role: Role) -> None:
    staff = office.hire("Somebody", role)
    assert staff.get(f"/sessions/{session.id}/identity/0.jpg").status_code == 403
    assert not office.looks()


@pytest.mark.promise("P9")
def test_the_committee_sees_it_while_the_appeal_is_open(office: Office, session: Session) -> None:
    """It looks, and answers nothing: the check is the proctor's."""
    committee = office.hire("Committee", Role.COMMITTEE)
    image = f"/sessions/{session.id}/identity/0.jpg"
    assert committee.get(image).status_code == 403
    with office.world.core.db.begin() as db:
        appeals.lodge(db, office.world.core, session.id, "That was me.")
    assert committee.get(image).content == b"card"
    assert office.looks()[-1]["why"] == "appeal"
    answered = committee.post(f"/sessions/{session.id}/identity", confirmed="true")
    assert answered.status_code == 403


def test_no_byte_leaves_before_the_entry(office: Office, proctor: Staff, session: Session) -> None:
    """Also when the object is gone, the attempt stands in the ledger."""
    proctor.post(f"/sessions/{session.id}/claim")
    with office.world.core.db.read() as db:
        copy = identity.of_session(db, session.id)
    assert copy is not None
    office.world.objects.delete(list(office.world.objects.versions(unit_prefix(copy.unit_id))))
    assert proctor.get(f"/sessions/{session.id}/identity/0.jpg").status_code == 404
    assert len(office.looks()) == 1


@pytest.mark.promise("P16")
def test_a_restriction_locks_it_too(office: Office, proctor: Staff, session: Session) -> None:
    proctor.post(f"/sessions/{session.id}/claim")
    with office.world.core.db.begin() as db:
        holds.place(db, office.world.core, ADMIN, session.id, HoldKind.RESTRICTION, reason="asked for")
    assert proctor.get(f"/sessions/{session.id}/identity/0.jpg").status_code == 403
    assert proctor.post(f"/sessions/{session.id}/identity", confirmed="true").status_code == 403
    assert not office.looks()


@pytest.mark.promise("P4")
def test_the_answer_is_the_claimant_s_with_its_reason(
    office: Office, proctor: Staff, colleague: Staff, session: Session
) -> None:
    """A yes may stand alone, a no needs its reason; both are entries, without a word of the reason."""
    page = f"/sessions/{session.id}"
    assert proctor.post(f"{page}/identity", confirmed="true").status_code == 403
    proctor.post(f"{page}/claim")
    assert colleague.post(f"{page}/identity", confirmed="true").status_code == 403
    assert proctor.post(f"{page}/identity", confirmed="false").status_code == 422
    said = proctor.post(f"{page}/identity", confirmed="false", reason="Another face on the card.")
    assert said.headers["location"] == f"{page}#panel-identity"
    assert "Identity not confirmed" in proctor.get(page).text
    assert "Another face on the card." in proctor.get(page).text
    proctor.post(f"{page}/identity", confirmed="true")
    assert "Identity confirmed" in proctor.get(page).text
    assert "Erased after 16 Nov 2026, 23:59 CET unless held." in proctor.get(page).text
    at = iso(office.world.clock())
    assert office.ledger(Action.IDENTITY_CHECK) == [
        {"state": state, "checked_at": at} for state in ("not-confirmed", "confirmed")
    ]
