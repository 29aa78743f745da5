"""Errors inside the staff frame, each with the one thing to do and a way back."""

import pytest

from proctoring.access.model import Role
from review_ui.problems import LISTS, way_back
from tests.unit.review_ui.conftest import Office, Staff

HTML = "text/html"


def frame_of(staff: Staff, page: str) -> tuple[bool, str]:
    """Whether the page has the bar with this person's name, and the address of the way back."""
    back = page.split('<section class="problem">')[1].split('class="btn btn-main" href="')[1].split('"')[0]
    return 'class="nav"' in page and staff.person.name in page, back


@pytest.mark.promise("P12")
def test_every_refusal_of_a_page_is_in_the_frame_with_a_way_back(office: Office, proctor: Staff) -> None:
    """What is not there, not allowed, not understood and not possible now, for who is signed in."""
    session = office.world.ended()
    proctor.post(f"/sessions/{session.id}/claim")
    asked = {
        ("GET", "/sessions/nobody"): (404, "/queue"),
        ("GET", "/no-such-page"): (404, "/queue"),
        ("GET", "/retention"): (403, "/queue"),
        ("POST", f"/sessions/{session.id}/decide"): (422, f"/sessions/{session.id}"),
        ("POST", "/queue/no-concern"): (422, "/queue"),
        ("POST", f"/sessions/{session.id}/flags"): (422, f"/sessions/{session.id}"),
    }
    for (method, path), (status, back) in asked.items():
        answer = proctor.get(path) if method == "GET" else proctor.post(path, accept=HTML)
        assert answer.status_code == status, path
        assert frame_of(proctor, answer.text) == (True, back), path


def test_programs_still_get_problem_details(office: Office, proctor: Staff) -> None:
    answer = proctor.get("/sessions/nobody", accept="application/json")
    assert answer.headers["content-type"] == "application/problem+json"


def test_who_is_not_signed_in_is_shown_where_to(office: Office) -> None:
    """Nothing of the frame's counts, and no claim that the address is not there for good."""
    answer = office.client.get("/sign-in/not-a-code", headers={"accept": HTML})
    assert answer.status_code == 401
    assert 'href="/sign-in"' in answer.text
    assert 'class="nav"' not in answer.text


def test_a_mistake_of_ours_asks_no_database_for_its_page(
    office: Office, proctor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page about a broken database is drawn without it, with its id and a way back."""

    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(office.world.core.db, "read", broken)
    answer = proctor.get("/queue")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert 'class="problem"' in answer.text
    assert 'href="/queue"' in answer.text.split('<section class="problem">')[1]


@pytest.mark.parametrize(("first", "list_"), [(first, at) for first, (at, _) in LISTS.items()])
def test_the_way_back_is_the_page_that_the_form_was_on(first: str, list_: str) -> None:
    """But home where that page is not there, or not for this person."""
    assert way_back(409, f"/{first}/abc/close", "/home")[0] == list_
    assert way_back(404, f"/{first}/abc/close", "/home")[0] == "/home"
    assert way_back(403, f"/{first}", "/home")[0] == "/home"


def test_a_session_that_refuses_an_act_is_the_way_back(office: Office) -> None:
    """The auditor, who may see no session, is sent to the ledger."""
    session = office.world.ended()
    auditor = office.hire("Auditor", Role.AUDITOR)
    answer = auditor.post(f"/sessions/{session.id}/release", accept=HTML)
    assert frame_of(auditor, answer.text) == (True, "/retention")
