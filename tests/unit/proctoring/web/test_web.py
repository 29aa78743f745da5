"""Parts that both edges share on the web: problems, the same-origin rule, headers, dates."""

from datetime import UTC, datetime

import pytest
from fastapi import Request, Response

from proctoring import errors
from proctoring.settings.settings import Env, Settings
from proctoring.web.application import application
from proctoring.web.cookies import read_cookie, set_cookie
from proctoring.web.i18n import best_language, dates_of
from proctoring.web.security import CONTENT_SECURITY_POLICY, HEADERS
from proctoring.web.templates import civil, duration, until
from tests.support.asgi import AsgiClient
from tests.support.settings import plain_settings


@pytest.fixture
def client() -> AsgiClient:
    app = application(plain_settings())

    @app.get("/raise/{name}")
    def raise_(name: str) -> None:
        raise getattr(errors, name)("what is the matter", "what to do")

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("a secret detail")

    @app.post("/write")
    def write() -> dict[str, bool]:
        return {"written": True}

    return AsgiClient(app)


@pytest.mark.parametrize(
    "name", ["NotFound", "Denied", "Invalid", "BeingErased", "TokenRefused", "Unavailable"]
)
def test_every_core_error_is_a_problem_that_says_what_to_do(client: AsgiClient, name: str) -> None:
    """RFC 9457 members for programs; a page for people."""
    answer = client.get(f"/raise/{name}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code >= 400
    assert (answer.json()["detail"], answer.json()["remedy"]) == ("what is the matter", "what to do")
    page = client.get(f"/raise/{name}", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "what to do" in page.text


def test_a_mistake_of_ours_leaks_nothing(client: AsgiClient) -> None:
    """An unexpected exception becomes a 500 with an id and none of its text."""
    answer = client.get("/bug")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1"}, 200),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example", "Authorization": "Bearer token"}, 200),
    ],
)
def test_a_write_from_another_site_is_refused(
    client: AsgiClient, headers: dict[str, str], status: int
) -> None:
    """A browser says where a request comes from; bearer tokens carry their own proof."""
    assert client.post("/write", headers=headers).status_code == status


def test_no_page_may_run_or_load_anything_foreign(client: AsgiClient) -> None:
    """The policy starts from nothing and names 'self' only; answers are not stored by default."""
    headers = client.get("/raise/NotFound").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all("http" not in value and "*" not in value for value in CONTENT_SECURITY_POLICY.values())
    assert headers["cache-control"] == "no-store"


def test_dates_read_as_people_of_the_place_read_them() -> None:
    """Civil time with its zone; a period that ends at midnight reads 23:59 of its last day."""
    due = datetime(2026, 12, 7, 23, 0, tzinfo=UTC)
    assert until(due, "Europe/Brussels") == "7 Dec 2026, 23:59 CET"
    assert civil(datetime(2026, 7, 1, 10, 0, tzinfo=UTC), "Europe/Brussels", "nl") == "1 jul 2026, 12:00 CEST"
    assert [duration(ms) for ms in (0, 59_999, 60_000, 6_120_000)] == ["0 s", "59 s", "1 min", "1 h 42 min"]


def test_the_reader_gets_their_language() -> None:
    """By link first, then by browser, English otherwise."""
    assert best_language("de", "nl") == "de"
    assert best_language(None, "pt-BR,fr-BE;q=0.8,en;q=0.5") == "fr"
    assert best_language("xx", "") == "en"


HTTPS = plain_settings(public_url="https://exams.example")


def https_client(settings: Settings = HTTPS) -> AsgiClient:
    """An application as it is behind a proxy that speaks https."""
    app = application(settings)

    @app.get("/page/")
    def page(request: Request) -> Response:
        response = Response(read_cookie(request, "login", https=settings.https) or "nobody")
        set_cookie(response, "login", "secret", max_age_s=60, https=settings.https)
        return response

    return AsgiClient(app)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("exams.example", 200),
        ("EXAMS.example:443", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("exams.example.evil.example", 421),
        ("exams.example:443@evil.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_a_request_for_another_host_is_refused(host: str, status: int) -> None:
    """The base URL's host and this machine's own names, with any port."""
    assert https_client().get("/page/", headers={"Host": host}).status_code == status


def test_who_operates_it_may_call_it_by_any_name() -> None:
    """Health and figures are asked for by container names; with no name given and all addresses listened on,
    every name is right."""
    assert https_client().get("/healthz", headers={"Host": "capture:8000"}).status_code == 404
    everywhere = plain_settings(host="0.0.0.0", env=Env.DEV)
    assert https_client(everywhere).get("/page/", headers={"Host": "10.0.0.7"}).status_code == 200


def test_https_is_kept_to_and_cookies_are_of_this_host_alone() -> None:
    """A `__Host-` cookie with all that the name demands; one without the prefix is not believed."""
    answer = https_client().get("/page/", headers={"Cookie": "login=planted"})
    assert answer.text == "nobody"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-login=secret;")
    words = {word.strip().lower() for word in said.split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= words
    assert not any(word.startswith("domain") for word in words)
    assert https_client().get("/page/", headers={"Cookie": "__Host-login=ours"}).text == "ours"


def test_over_http_a_cookie_and_its_name_are_plain() -> None:
    """A browser would not keep one with the prefix; nothing is said of https."""
    answer = https_client(plain_settings()).get("/page/", headers={"Cookie": "login=ours"})
    assert (answer.text, "strict-transport-security" in answer.headers) == ("ours", False)
    assert answer.headers["set-cookie"].startswith("login=secret;")


def test_no_address_with_or_without_a_slash_leads_elsewhere() -> None:
    """A redirect would be made from the request's own scheme and host."""
    assert https_client().get("/page").status_code == 404
    assert https_client().get("/page//").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("", "7 Dec 2026"),
        ("en", "7 Dec 2026"),
        ("en-GB,en;q=0.9", "7 Dec 2026"),
        ("en-US,en;q=0.9", "Dec 7, 2026"),
        ("nl-BE,nl;q=0.9", "7 dec 2026"),
        ("fr-BE", "7 déc. 2026"),
        ("de", "7. Dez. 2026"),
        ("tlh, *;q=0.1, ar, fr", "7 déc. 2026"),
        ("\x00;;,,-", "7 Dec 2026"),
    ],
)
def test_dates_are_in_the_form_that_the_reader_knows(accepted: str, said: str) -> None:
    """By the browser's languages, the first that is known; the time has 24 hours in all of them."""
    instant = datetime(2026, 12, 7, 22, 59, tzinfo=UTC)
    assert civil(instant, "Europe/Brussels", dates_of(accepted)) == f"{said}, 23:59 CET"
