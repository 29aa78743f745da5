"""The front: requests reach a process as they were sent, answers come back as they were given."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from fastapi import FastAPI, Request, Response

from capture.front.placement import CPU_SHARE_MAX, Placements
from capture.front.process import CaptureProcess
from capture.front.proxy import METHODS, Proxy
from capture.publish.whip import SDP_BYTES_MAX
from proctoring.compose.front import session_of
from proctoring.exams.model import Stream
from proctoring.links import Links
from proctoring.recordings.late import LATE_WAIT
from proctoring.sessions.model import Session, SessionState
from proctoring.web import problems

ANSWER = b"answer"
WRONG = "wrong"


class Gone(httpx2.AsyncBaseTransport):
    """A process that was killed: nobody listens on its socket."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)


class Torn(httpx2.AsyncBaseTransport):
    """A process that is killed once it has the request."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async for _ in request.stream:  # type: ignore[union-attr]
            pass
        raise httpx2.ReadError("reset", request=request)


class Behind:
    """Two processes behind a front; the token is the session's name. `seen`: what each was sent."""

    def __init__(self) -> None:
        self.placements = Placements(lambda: 0.0)
        self.seen: list[tuple[int, str, str, bytes]] = []
        self.members = [CaptureProcess(number, [], Path("none"), self.placements) for number in (0, 1)]
        for one in self.members:
            one.transport = httpx2.ASGITransport(self._process(one.number))  # type: ignore[assignment]
            self.placements.heard(one.number, 0.0, {})
        app = FastAPI()
        problems.install(app)
        proxy = Proxy(self.members, self.placements, lambda token: None if token == WRONG else token)
        app.add_api_route("/{path:path}", proxy.forward, methods=[*METHODS], response_model=None)
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://exams.example")

    def _process(self, number: int) -> FastAPI:
        app = FastAPI()

        async def answer(request: Request) -> Response:
            target = f"{request.url.path}?{request.url.query}"
            self.seen.append((number, request.method, target, await request.body()))
            response = Response(ANSWER, 201, {"Location": "/whip/one", "ETag": '"e"'})
            for server in ("<stun:one>", "<turn:two>"):
                response.headers.append("Link", server)
            response.headers["Host-Seen"] = request.headers["host"]
            return response

        app.add_api_route("/{path:path}", answer, methods=[*METHODS])
        return app

    async def post(self, session: str, path: str = "/whip", body: bytes = b"offer") -> httpx2.Response:
        return await self.client.post(path, content=body, headers={"Authorization": f"Bearer {session}"})


def run(scenario: Callable[[Behind], Awaitable[None]]) -> None:
    async def both() -> None:
        behind = Behind()
        await scenario(behind)
        await behind.client.aclose()

    asyncio.run(both())


def test_a_request_arrives_as_it_was_sent_and_its_answer_as_it_was_given() -> None:
    """Method, address, body and host; status, each of several equal headers, and body."""

    async def scenario(behind: Behind) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in (b"of", b"fer"):
                yield piece

        answer = await behind.client.post(
            "/whip/a%2Fb?cause=stopped&x=%20",
            content=pieces(),
            headers={"Authorization": "Bearer session"},
        )
        assert (answer.status_code, answer.content) == (201, ANSWER)
        assert answer.headers.get_list("link") == ["<stun:one>", "<turn:two>"]
        assert (answer.headers["location"], answer.headers["etag"]) == ("/whip/one", '"e"')
        assert answer.headers["host-seen"] == "exams.example"
        ((_, method, target, body),) = behind.seen
        assert (method, target, body) == ("POST", "/whip/a/b?cause=stopped&x=%20", b"offer")

    run(scenario)


def test_a_session_stays_together_and_sessions_are_spread() -> None:
    """Its offers, its PATCH and DELETE, its events: by its token, whatever the path."""

    async def scenario(behind: Behind) -> None:
        for session in ("one", "two"):
            await behind.post(session)
            await behind.post(session)
            await behind.post(session, "/api/v1/sessions/any/events")
            await behind.client.delete("/whip/some", headers={"Authorization": f"bearer {session}"})
        processes = [number for number, *_ in behind.seen]
        assert sorted([processes[:4], processes[4:]]) == [[0] * 4, [1] * 4]

    run(scenario)


def test_above_the_limit_a_publisher_is_told_when_to_come_again() -> None:
    """503 as a problem (RFC 9457) with Retry-After, also for a page of another origin; pages are served."""

    async def scenario(behind: Behind) -> None:
        for one in behind.members:
            behind.placements.heard(one.number, CPU_SHARE_MAX, {})
        refused = await behind.post("new")
        assert (refused.status_code, behind.seen) == (503, [])
        assert refused.headers["content-type"] == "application/problem+json"
        assert int(refused.headers["retry-after"]) > 0
        assert refused.headers["access-control-allow-origin"] == "*"
        assert "retry-after" in refused.headers["access-control-expose-headers"].lower()
        assert refused.json()["status"] == 503
        assert (await behind.client.get("/c/invitation")).status_code == 201

    run(scenario)


def test_a_process_that_died_is_passed_over_at_once() -> None:
    """Before the front has noticed by itself: the offer reaches the other one, whole."""

    async def scenario(behind: Behind) -> None:
        await behind.post("session")
        home = behind.seen[0][0]
        behind.members[home].transport = Gone()  # type: ignore[assignment]
        assert (await behind.post("session", body=b"again")).status_code == 201
        assert behind.seen[1] == (1 - home, "POST", "/whip?", b"again")
        behind.members[1 - home].transport = Gone()  # type: ignore[assignment]
        refused = await behind.post("session")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)

    run(scenario)


def test_an_offer_that_a_process_takes_with_it_goes_to_another_one() -> None:
    """Killed while it answers: its publisher does not notice, and the offer is whole."""

    async def scenario(behind: Behind) -> None:
        behind.members[0].transport = Torn()  # type: ignore[assignment]
        assert (await behind.post("session", body=b"offer")).status_code == 201
        assert behind.seen == [(1, "POST", "/whip?", b"offer")]

    run(scenario)


def test_anything_else_that_a_process_takes_with_it_is_not_repeated() -> None:
    """Nobody knows whether it was done; who sent it knows how to repeat it, and when."""

    async def scenario(behind: Behind) -> None:
        for one in behind.members:
            one.transport = Torn()  # type: ignore[assignment]
        refused = await behind.post("session", "/api/v1/sessions/any/events")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert len(behind.placements.there()) == 1

    run(scenario)


def test_an_offer_without_end_is_refused() -> None:
    """Before the front has kept more of it than an offer may have."""

    async def scenario(behind: Behind) -> None:
        refused = await behind.post("session", body=bytes(SDP_BYTES_MAX + 1))
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (413, "*")
        assert behind.seen == []

    run(scenario)


def test_nothing_is_read_of_what_comes_without_a_token_of_ours() -> None:
    """A process still refuses it in its own words: it is sent the request without the body."""

    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body is read")
        yield b""

    async def scenario(behind: Behind) -> None:
        for path in ("/whip", "/rehearsal/whip", "/whip/one", "/api/v1/sessions/any/late-segments/webcam/1"):
            headers = {"Authorization": f"Bearer {WRONG}", "Content-Length": "9999999"}
            await behind.client.post(path, content=never(), headers=headers)
        await behind.client.post("/whip", content=never(), headers={"Content-Length": "9999999"})
        assert [body for *_, body in behind.seen] == [b""] * 5

    run(scenario)


def test_a_token_that_fills_gaps_after_its_time_keeps_its_session() -> None:
    """So that late pieces go to the process that has the session's stream; a stranger's token has none."""
    now = datetime(2026, 11, 16, 8, tzinfo=UTC)
    session = Session(
        "session-1", "e", "C-1", SessionState.ENDED, "en", now, now + timedelta(hours=1), None, None
    )
    made = Links(b"0" * 32, lambda: now)
    tokens = [made.events(session), *(made.ingest(session, stream) for stream in Stream)]
    rehearsal = made.rehearsal(session, Stream.WEBCAM)
    later = Links(b"0" * 32, lambda: session.closes_at + LATE_WAIT / 2)
    assert {session_of(made, token) for token in [*tokens, rehearsal]} == {session.id}
    assert [session_of(later, token) for token in tokens] == [None, *[session.id] * len(Stream)]
    assert session_of(later, rehearsal) is None
    assert session_of(made, made.invitation(session)) is None


def test_what_processes_tell_the_front_is_told_to_nobody() -> None:
    """It names sessions."""

    async def scenario(behind: Behind) -> None:
        for path in ("/load", "//load", "/%6coad"):
            await behind.client.get(path)
        assert [target for *_, target, _ in behind.seen if target == "/load?"] == []
        assert (await behind.client.get("/load")).status_code == 404

    run(scenario)
