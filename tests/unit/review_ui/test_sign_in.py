"""Signing in by a one-time link."""

from prometheus_client import REGISTRY

from proctoring.access.model import Role
from proctoring.custody.model import Action
from tests.unit.review_ui.conftest import HTML, Office


def test_looking_at_the_link_does_not_use_it_up(office: Office) -> None:
    """A mail program's preview opens links; only the button signs in, and only once."""
    path = f"/sign-in/{office.link('M. Claes', Role.PROCTOR)}"
    for _ in range(3):
        assert "Sign in as M. Claes" in office.client.get(path).text
    assert not office.ledger(Action.LOGIN_BEGIN)
    used = office.client.post(path)
    assert (used.status_code, used.headers["location"]) == (303, "/queue")
    cookie = used.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert office.client.post(path).status_code == 401
    assert len(office.ledger(Action.LOGIN_BEGIN)) == 1


def test_a_pasted_link_or_code_leads_to_the_same_button(office: Office) -> None:
    token = office.link("M. Claes", Role.PROCTOR)
    for pasted in (token, f"http://127.0.0.1:8000/sign-in/{token}", f"  {token} "):
        answer = office.client.post("/sign-in", data={"code": pasted})
        assert answer.headers["location"] == f"/sign-in/{token}"
    nonsense = office.client.post("/sign-in", data={"code": "<script>"})
    assert "<" not in nonsense.headers["location"]


def test_without_a_login_a_page_leads_to_sign_in_and_data_is_refused(office: Office) -> None:
    for path in ("/queue", "/sessions/abc", "/retention", "/ledger", "/appeals", "/incidents"):
        page = office.client.get(path, headers={"accept": HTML})
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in"), path
    data = office.client.get("/sessions/abc/timeline.json")
    assert (data.status_code, data.headers["content-type"]) == (401, "application/problem+json")
    assert office.client.get("/media/abc/webcam/0").status_code == 401
    assert office.client.post("/sessions/abc/claim").status_code == 401


def test_signing_out_ends_the_login_itself(office: Office) -> None:
    """The cookie is worthless afterwards, also to whoever kept a copy."""
    staff = office.hire("M. Claes", Role.PROCTOR)
    assert staff.get("/queue").status_code == 200
    staff.post("/sign-out")
    assert staff.get("/queue").status_code == 303


def test_each_role_starts_where_its_work_is(office: Office) -> None:
    starts = {
        Role.PROCTOR: "/queue",
        Role.COMMITTEE: "/appeals",
        Role.PRIVACY_OFFICER: "/retention",
        Role.OPERATOR: "/retention",
        Role.AUDITOR: "/retention",
    }
    for role, path in starts.items():
        staff = office.hire(role.value, role)
        assert staff.get("/").headers["location"] == path
        assert staff.get(path).status_code == 200


def test_refusals_are_counted(office: Office) -> None:
    """A link that opens nothing, and every refusal by its status, for `/metrics`."""

    def counted() -> list[float]:
        samples: tuple[tuple[str, dict[str, str]], ...] = (
            ("sign_ins_refused_total", {}),
            ("http_refusals_total", {"status": "401"}),
        )
        return [REGISTRY.get_sample_value(name, labels) or 0 for name, labels in samples]

    before = counted()
    assert office.client.post("/sign-in/made-up-token").status_code == 401
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 1]
