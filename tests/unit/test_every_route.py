"""Every route of the whole application, walked, for what no test of a single one would notice."""

import asyncio
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import routes as candidate_pages
from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.compose.app import CATALOGUE
from proctoring.compose.capture_edge import CAPTURE_BODIES, page_tokens
from proctoring.compose.parts import assemble
from proctoring.compose.prepare import prepare
from proctoring.compose.whole import whole_app
from proctoring.exams.model import Stream
from proctoring.web.application import application
from proctoring.web.bodies import FORM_BYTES_MAX, BodyRules
from tests.support.asgi import AsgiClient, addresses, routes
from tests.support.settings import plain_settings
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN, World

LARGER_THAN_A_FORM = {
    ("POST", "/api/v1/sessions/{session_id}/events"): 256 << 10,
    ("PUT", "/api/v1/sessions/{session_id}/late-segments/{stream}/{start_unix_ms}"): 8 << 20,
    ("POST", "/c/{invitation}/identity"): 2 << 20,
    ("POST", "/p/{token}/identity"): 2 << 20,
}
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ODD = (
    "",
    "%00",
    "%ED%A0%80",
    "%E2%80%AE",
    "-1",
    "99999999999999999999999999",
    "1e400",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "%F0%9F%8E%93" * 3000,
)
"""Values as they go over the wire: nothing, NUL, a lone surrogate, a direction override, numbers and dates
beyond what databases and zones hold, a day that is none, and text that is too long."""


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[FastAPI]:
    settings = plain_settings(data=tmp_path / "data")
    prepare(settings)
    made = assemble(settings)
    yield whole_app(made)
    made.core.db.close()


def test_each_route_names_its_largest_body(whole: FastAPI) -> None:
    """What takes more than a form stands in this list; every line of the service is a route that there is."""
    rules = BodyRules(CAPTURE_BODIES)
    known = addresses(whole)
    assert {(body.method, body.path) for body in CAPTURE_BODIES} <= known
    bodies = {address: rules.of(*address) for address in known}
    larger = {at: body.bytes_max for at, body in bodies.items() if body and body.bytes_max > FORM_BYTES_MAX}
    assert larger == LARGER_THAN_A_FORM


def test_no_route_reads_a_body_that_says_it_is_too_large(whole: FastAPI) -> None:
    """Whoever sends it, with no token or a wrong one, at every address that could take one."""
    rules = BodyRules(CAPTURE_BODIES)
    tried = 0
    for method, path in sorted(addresses(whole)):
        if method not in WRITES:
            continue
        body = rules.of(method, path)
        status = asyncio.run(_unread(whole, method, path, (body.bytes_max if body else FORM_BYTES_MAX) + 1))
        assert 300 <= status < 500, (method, path, status)
        tried += 1
    assert tried > 30


async def _unread(app: FastAPI, method: str, path: str, length: int) -> int:
    """The status of an answer that came without the body."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        assert statuses, f"{method} {path} reads its body"
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1"),
            (b"content-length", str(length).encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ],
    }
    await app(scope, receive, send)
    return statuses[0]


def test_no_address_is_redirected_for_a_slash(whole: FastAPI) -> None:
    """With one too many it is not found: a redirect would be to http behind a proxy, and hold the token."""
    client = AsgiClient(whole)
    for method, path in sorted(addresses(whole)):
        if method == "GET" and path != "/" and not path.startswith("/static"):
            assert client.get(path + "/").status_code == 404, path


class Desk:
    """All pages over a world in which most of what is asked for is there. Whoever is signed in may do all."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("proctoring.access.model.may", lambda *_: True)
        core = world.core
        exam = world.exam(identity_copy=True)
        ended, invited = world.ended(exam), world.session(exam)
        with core.db.begin() as db:
            person = access.add_user(db, core, ADMIN, "M. Claes", Role.PRIVACY_OFFICER)
            _, secret = access.begin_login(db, core, access.new_link(db, core, ADMIN, person))
        self.headers = {"cookie": f"login={secret}", "content-type": "application/x-www-form-urlencoded"}
        rules = BodyRules(CAPTURE_BODIES, page_tokens(core.links))
        self.app = application(core.settings, rules, catalogue=CATALOGUE)
        self.app.include_router(candidate_pages(core, MemoryIdentityRecorder()))
        self.app.include_router(staff_routes(core, world.opener, world.objects))
        self.client = AsgiClient(self.app)
        self._good = {
            "session_id": ended.id,
            "session": ended.id,
            "invitation": core.links.invitation(invited),
            "stream": Stream.WEBCAM.value,
            "position": "0",
            "kind": "legal",
        }
        self._phone = core.links.phone(invited)

    def good(self, route: APIRoute, field: Any) -> str:
        """A value that the route takes for this field."""
        if field.alias == "kind" and route.path.startswith("/c/"):
            return "message"
        if field.alias == "token" and route.path.startswith("/p/"):
            return self._phone
        if field.alias in self._good:
            return self._good[field.alias]
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, Enum):
            return str(next(iter(kind)).value)
        return {int: "1", bool: "true"}.get(kind, "2026-12-24")

    def statuses(self, route: APIRoute, method: str) -> Iterator[tuple[str, str, int]]:
        """Each field of the route with each odd value, and what came of it."""
        dependant = route.dependant
        kinds = ("path", "query", "body")
        fields = [(kind, field) for kind in kinds for field in getattr(dependant, f"{kind}_params")]
        for kind, odd_field in fields:
            for value in ODD:
                if kind == "path" and len(value) > 1000:
                    continue
                given = {(k, f.alias): value if f is odd_field else self.good(route, f) for k, f in fields}
                yield odd_field.alias, value[:40], self._send(route, method, given)

    def _send(self, route: APIRoute, method: str, given: dict[tuple[str, str], str]) -> int:
        path = route.path
        parts: dict[str, list[str]] = {"query": [], "body": []}
        for (kind, name), value in given.items():
            if kind == "path":
                path = path.replace("{" + name + "}", value)
            else:
                parts[kind].append(f"{name}={value}")
        url = path + ("?" + "&".join(parts["query"]) if parts["query"] else "")
        content = "&".join(parts["body"])
        answer = self.client.request(method, url, headers=self.headers, content=content)
        return answer.status_code


def test_no_odd_value_is_a_mistake_of_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused or ignored, whatever stands in a path, a query or a form, on both databases."""
    desk = Desk(world, monkeypatch)
    tried, broken = 0, []
    for _, route in routes(desk.app.routes):
        if not isinstance(route, APIRoute):
            continue
        for method in sorted((route.methods or set()) - {"HEAD"}):
            for field, value, status in desk.statuses(route, method):
                tried += 1
                if status >= 500:
                    broken.append((method, route.path, field, value, status))
    assert tried > 500
    assert broken == []
