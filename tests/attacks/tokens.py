"""Tokens altered or used for something else, writes from other sites, pages without a login."""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.cli.output import operator
from proctoring.cli.simulate import invite
from proctoring.compose.parts import Parts, parts
from proctoring.compose.whole import whole_app
from proctoring.exams.model import Stream
from proctoring.sessions import service as sessions
from tests.attacks.frame import Attack, Ground, Outcome
from tests.support.asgi import addresses

TITLE = "Tokens, logins and other sites"
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
REFUSED = frozenset({401, 403, 404})
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)
BELOW_SESSIONS = ("/sessions/", "/media/", "/flags/")
OPEN = frozenset({"/healthz", "/readyz", "/metrics", "/sign-in", "/api/v1/openapi.json"})
"""What anybody may read; static files too."""


@dataclass(frozen=True)
class Use:
    """A token and where it is good; a bearer token where `path` does not name it."""

    kind: str
    token: str
    method: str
    path: str

    def send(self, client: httpx2.Client, token: str) -> int:
        """The status when it is used there."""
        headers = {} if "TOKEN" in self.path else {"Authorization": f"Bearer {token}"}
        headers |= {"Content-Type": "application/sdp" if "whip" in self.path else "application/json"}
        content = b"" if self.method == "GET" else b"{}"
        path = self.path.replace("TOKEN", token)
        return client.request(self.method, path, headers=headers, content=content).status_code


def uses(made: Parts) -> list[Use]:
    """One of every kind, for a session that has not begun."""
    core = made.core
    (invited,) = invite(made, 1)
    with core.db.begin() as db:
        session = sessions.load(db, invited["session_id"])
        person = access.add_user(db, core, operator(), f"Reviewer {session.id}", Role.PROCTOR)
        link = access.new_link(db, core, operator(), person)
    home = f"/api/v1/sessions/{session.id}"
    found = [
        Use("invitation", core.links.invitation(session), "GET", "/c/TOKEN"),
        Use("phone", core.links.phone(session), "GET", "/p/TOKEN"),
        Use("events", core.links.events(session), "POST", f"{home}/events"),
        Use("rehearsal", core.links.rehearsal(session, Stream.WEBCAM), "GET", "/rehearsal/heard.json"),
        Use("sign-in", link, "GET", "/sign-in/TOKEN"),
    ]
    for stream in Stream:
        found.append(Use(stream.value, core.links.ingest(session, stream), "POST", "/whip"))
    late = core.links.ingest(session, Stream.PHONE)
    return [*found, Use("late", late, "POST", f"{home}/late-segments/phone")]


def altered(token: str) -> Iterator[str]:
    """Each character replaced by one whose highest bit differs; shortened, lengthened, in the other case."""
    for at, character in enumerate(token):
        if character in ALPHABET:
            other = ALPHABET[(ALPHABET.index(character) + 32) % 64]
            yield token[:at] + other + token[at + 1 :]
    whole = (token[:-1], token[1:], token + "A", token.swapcase(), token[::-1], token.partition(".")[0])
    yield from (other for other in whole if other != token)


def altered_tokens(ground: Ground) -> Outcome:
    """Every token of the service, at its own place."""
    made = parts(ground.service().data)
    tried = through = 0
    with httpx2.Client(base_url=ground.service().url, timeout=30) as client:
        for use in uses(made):
            assert use.send(client, use.token) not in REFUSED, f"the {use.kind} token itself is refused"
            for token in altered(use.token):
                tried += 1
                through += use.send(client, token) not in REFUSED
    made.core.db.close()
    return Outcome(tried, through)


def tokens_for_something_else(ground: Ground) -> Outcome:
    """Each kind at the place of every other kind; a session's ingest tokens are good for its events."""
    made = parts(ground.service().data)
    tried = through = 0
    with httpx2.Client(base_url=ground.service().url, timeout=30) as client:
        known = uses(made)
        ingest = {stream.value for stream in Stream} | {"late"}
        for use in known:
            for other in known:
                same = use.kind == other.kind or {use.kind, other.kind} <= ingest | {"events"}
                if not same or (use.kind in ingest and other.kind == "events"):
                    tried += 1
                    through += use.send(client, other.token) not in REFUSED
    made.core.db.close()
    return Outcome(tried, through)


def cross_site_writes(ground: Ground) -> Outcome:
    """Every address that takes a write, with the login of a proctor, as a browser sends it from elsewhere."""
    service = ground.service()
    client = service.signed_in("Proctor of the attacks", "proctor")
    tried = through = 0
    for method, path in _addresses(service.data):
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            for headers in FOREIGN:
                tried += 1
                through += client.request(method, _filled(path), headers=headers).status_code != 403
    return Outcome(tried, through)


def pages_without_a_login(ground: Ground) -> Outcome:
    """Every address that can be read, by nobody: anything but a refusal, or the way to the sign-in page."""
    service = ground.service()
    tried = through = 0
    with httpx2.Client(base_url=service.url, timeout=30) as client:
        for method, path in _addresses(service.data):
            if method != "GET" or path in OPEN or path.startswith("/static"):
                continue
            for accept in ("text/html", "application/json"):
                tried += 1
                answer = client.get(_filled(path), headers={"Accept": accept})
                led_away = (
                    answer.status_code == 303 and urlsplit(answer.headers["location"]).path == "/sign-in"
                )
                through += not led_away and answer.status_code < 400
    return Outcome(tried, through)


def evidence_without_the_right(ground: Ground) -> Outcome:
    """Every address below a session, by each role that has no right to its evidence and is no part of an
    appeal: read, or acted on."""
    service = ground.service()
    made = parts(service.data)
    (invited,) = invite(made, 1)
    made.core.db.close()
    tried = through = 0
    for role in set(Role) - {Role.PROCTOR}:
        client = service.signed_in(f"{role.value} {invited['session_id']}", role.value)
        for method, path in _addresses(service.data):
            if path.startswith(BELOW_SESSIONS) and method in ("GET", "POST"):
                tried += 1
                target = _filled(path.replace("{session_id}", invited["session_id"]))
                through += client.request(method, target).status_code < 400
    return Outcome(tried, through)


def _addresses(data: object) -> list[tuple[str, str]]:
    made = parts(data)  # type: ignore[arg-type]
    try:
        return sorted(addresses(whole_app(made)))
    finally:
        made.core.db.close()


def _filled(path: str) -> str:
    """The address with something in every place."""
    return path.replace("{stream}", "webcam").replace("{", "x").replace("}", "")


ATTACKS = [
    Attack("altered tokens, at their own place", altered_tokens),
    Attack("tokens used for something else", tokens_for_something_else),
    Attack("writes from another site, with a login", cross_site_writes),
    Attack("reading without a login", pages_without_a_login),
    Attack("evidence, by roles without a right to it", evidence_without_the_right),
]
