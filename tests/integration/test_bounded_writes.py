"""Every address that a candidate, their devices, or a stranger can write to, asked hundreds of times: the
database grows to a bound with a name, and no further."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from capture import pages
from capture.late.endpoint import WEBM
from capture.spool.sink import Sink
from proctoring.compose.app import create_app
from proctoring.compose.capture_edge import capture_edge
from proctoring.compose.parts import CaptureParts, ReviewParts
from proctoring.compose.review_edge import review_edge
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.help.model import REQUESTS_MAX
from proctoring.identity.model import IMAGES_MAX
from proctoring.proofs.tables import METADATA
from proctoring.recordings import logs
from proctoring.recordings.model import EndCause
from proctoring.sessions.model import Session
from proctoring.sessions.service import NOTICES_MAX, WISHES_MAX
from tests.support.asgi import AsgiClient, addresses
from tests.support.logs import answer, batch, event
from tests.support.world import ADMIN, REGULATION, SEGMENT_MS, World
from tests.unit.capture.media.test_jpeg import jpeg
from tests.unit.capture.offers import audio, offer, video
from tests.unit.capture.recorded import recorded_file

TRIES = 320
LIMIT_S = 120
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
GAP_MS = 20_000
EVENTS_MAX = 100  # of a log, in this test
PROFILE = CaptureProfile((Stream.WEBCAM,), identity_copy=True, activity_log=True, answers_log=True)
UNITS = 4  # of this profile
ENTRIES_OF_A_TAKE = 2

Ask = Callable[["Stage", int], Awaitable[httpx2.Response]]


@dataclass
class Stage:
    """Candidates at each point of their way, and an application that they reach."""

    world: World
    app: FastAPI
    sink: Sink
    http: httpx2.AsyncClient
    invited: Session
    recording: Session
    ended: Session
    gap_at: int
    tokens: dict[str, str] = field(default_factory=dict)

    async def page(self, method: str, session: Session, path: str, **more: object) -> httpx2.Response:
        """A request of the candidate's own page."""
        address = f"/c/{self.world.core.links.invitation(session)}{path}"
        return await self.http.request(method, address, **more)  # type: ignore[arg-type]

    async def phone(self, path: str, **more: object) -> httpx2.Response:
        address = f"/p/{self.world.core.links.phone(self.recording)}{path}"
        return await self.http.request("POST", address, **more)  # type: ignore[arg-type]

    async def bearer(
        self, method: str, path: str, token: str, body: bytes | str, type_: str, **headers: str
    ) -> httpx2.Response:
        sent = {"Authorization": f"Bearer {token}", "Content-Type": type_, **headers}
        return await self.http.request(method, path, content=body, headers=sent)

    async def stored(self) -> None:
        """All that was accepted is in the database."""
        async with asyncio.timeout(LIMIT_S):
            while len(self.sink.spool):  # noqa: ASYNC110 - other threads empty it
                await asyncio.sleep(0.01)


def rows(world: World) -> int:
    """Of all tables, ledger entries among them."""
    with world.core.db.read() as db:
        counts = [db.scalar(select(func.count()).select_from(one)) for one in METADATA.tables.values()]
    return sum(count or 0 for count in counts)


@asynccontextmanager
async def staged(world: World) -> AsyncIterator[Stage]:
    made = capture_edge(CaptureParts(world.core, world.objects))
    app = create_app(world.core, made)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            with world.core.db.begin() as db:
                exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=PROFILE)
            invited, recording = world.session(exam), world.admitted(exam)
            first = world.begin(recording)
            world.store(first, 0, world.clock.unix_ms)
            world.end(first, EndCause.CONNECTION_LOST)
            gap_at = world.clock.unix_ms + SEGMENT_MS
            world.clock.move(seconds=(GAP_MS + SEGMENT_MS) / 1000)
            world.store(world.begin(recording), 0, world.clock.unix_ms)
            world.clock.move(seconds=SEGMENT_MS / 1000)
            sink = next(one for one in made.running if isinstance(one, Sink))
            yield Stage(world, app, sink, http, invited, recording, world.ended(exam), gap_at)


def form(path: str, **fields: str) -> Ask:
    """A form of the page while the exam is recorded."""
    return lambda on, n: on.page("POST", on.recording, path, data=fields | {"text": f"number {n}"})


def image(send: Callable[[Stage], Awaitable[httpx2.Response]]) -> Ask:
    return lambda on, _n: send(on)


def events(log: str) -> Ask:
    async def ask(on: Stage, n: int) -> httpx2.Response:
        links, now = on.world.core.links, on.world.clock()
        token = links.answers(on.recording) if log == "answers" else links.events(on.recording)
        one = answer(now, str(n)) if log == "answers" else event(now)
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/api/v1/sessions/{on.recording.id}/events"
        return await on.http.post(path, json=batch(now, [one], log), headers=headers)

    return ask


def publish(prefix: str) -> Ask:
    async def ask(on: Stage, n: int) -> httpx2.Response:
        links = on.world.core.links
        token = (
            links.rehearsal(on.invited, Stream.WEBCAM)
            if prefix
            else links.ingest(on.recording, Stream.WEBCAM)
        )
        answered = await on.bearer(
            "POST", f"{prefix}/whip", token, offer(audio(), video()), "application/sdp"
        )
        on.tokens[prefix] = token
        return answered

    return ask


def ingest(method: str, prefix: str) -> Ask:
    """Of an ingest that was replaced, or never was."""

    async def ask(on: Stage, n: int) -> httpx2.Response:
        token = on.tokens.get(prefix, "none")
        path = f"{prefix}/whip/nosuch{n}"
        return await on.bearer(method, path, token, b"", "application/trickle-ice-sdpfrag")

    return ask


async def late_said(on: Stage, n: int) -> httpx2.Response:
    token = on.world.core.links.ingest(on.recording, Stream.WEBCAM)
    path = f"/api/v1/sessions/{on.recording.id}/late-segments/webcam"
    body = '{"holding": true}' if n % 2 else '{"holding": false}'
    return await on.bearer("POST", path, token, body, "application/json")


async def late_sent(on: Stage, n: int) -> httpx2.Response:
    token = on.world.core.links.ingest(on.recording, Stream.WEBCAM)
    start = on.gap_at + n * 400
    path = f"/api/v1/sessions/{on.recording.id}/late-segments/webcam/{start}?duration_ms=200"
    return await on.bearer("PUT", path, token, recorded_file(1_000), WEBM)


CARD = {"content": jpeg(), "headers": {"content-type": "image/jpeg"}}
OF_AN_IMAGE = ENTRIES_OF_A_TAKE + 2  # the take and its segment
WAYS: Mapping[tuple[str, str], tuple[Ask, int]] = {
    ("POST", "/c/{invitation}/admit"): (
        lambda on, n: on.page("POST", on.invited, f"/admit?lang={'nl' if n % 2 else 'fr'}"),
        UNITS + 1 + NOTICES_MAX,
    ),
    ("POST", "/c/{invitation}/in-person"): (
        lambda on, n: on.page("POST", on.invited, "/in-person", data={"wish": f"Please, {n}."}),
        WISHES_MAX,
    ),
    ("POST", "/c/{invitation}/help"): (form("/help", kind="help"), REQUESTS_MAX * 4),
    ("POST", "/c/{invitation}/back"): (form("/back"), 0),
    ("POST", "/c/{invitation}/appeal"): (
        lambda on, n: on.page("POST", on.ended, "/appeal", data={"grounds": f"I was alone, {n} times."}),
        2 + UNITS + 2,  # the appeal and its hold, what the hold covers, two entries
    ),
    ("POST", "/c/{invitation}/identity"): (
        lambda on, n: on.page("POST", on.recording, "/identity", **CARD),
        IMAGES_MAX * OF_AN_IMAGE,
    ),
    ("POST", "/p/{token}/identity"): (lambda on, n: on.phone("/identity", **CARD), 0),
    ("POST", "/p/{token}/ready"): (lambda on, n: on.phone("/ready"), 0),
    ("POST", "/whip"): (publish(""), 0),
    ("PATCH", "/whip/{ingest_id}"): (ingest("PATCH", ""), 0),
    ("DELETE", "/whip/{ingest_id}"): (ingest("DELETE", ""), 0),
    ("POST", "/rehearsal/whip"): (publish("/rehearsal"), 0),
    ("PATCH", "/rehearsal/whip/{ingest_id}"): (ingest("PATCH", "/rehearsal"), 0),
    ("DELETE", "/rehearsal/whip/{ingest_id}"): (ingest("DELETE", "/rehearsal"), 0),
    ("POST", "/api/v1/sessions/{session_id}/late-segments/{stream}"): (late_said, 0),
    ("PUT", "/api/v1/sessions/{session_id}/late-segments/{stream}/{start_unix_ms}"): (
        late_sent,
        # each fills 200 ms of the gap and leaves one that is as long; a take for all of them
        2 * GAP_MS // 400 + ENTRIES_OF_A_TAKE + 1,
    ),
    ("POST", "/api/v1/sessions/{session_id}/events"): (
        events("activity"),
        2 * EVENTS_MAX + ENTRIES_OF_A_TAKE + 1,  # each event in a batch of its own
    ),
    ("POST", "/c/{invitation}/finish"): (lambda on, n: on.page("POST", on.recording, "/finish"), 3),
}
"""Each address, how it is asked, and how many rows and ledger entries that may leave in all."""


def unsafe(app: FastAPI) -> set[tuple[str, str]]:
    return {(method, path) for method, path in addresses(app) if method in UNSAFE}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_every_address_grows_the_database_to_its_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRIES requests to each, with a good token and as fast as they are answered: rows and entries stay
    within the bound of that address. An address without a line in WAYS fails."""
    monkeypatch.setattr(pages, "SENT_AT_ONCE_MAX", TRIES * len(WAYS))  # here the other bounds have to hold
    monkeypatch.setattr(logs, "EVENTS_PER_LOG_MAX", EVENTS_MAX)
    grown: dict[tuple[str, str], int] = {}

    async def scenario() -> None:
        async with staged(world) as on:
            assert await answering(on) == set(WAYS)
            for way, (ask, _) in WAYS.items():
                before = rows(world)
                codes = {(await ask(on, n)).status_code for n in range(TRIES)}
                assert 500 not in codes, way
                await on.stored()
                grown[way] = rows(world) - before

    asyncio.run(scenario())
    assert {way: count for way, count in grown.items() if count > WAYS[way][1]} == {}
    assert {way for way, (_, most) in WAYS.items() if most and not grown[way]} == set()


async def answering(on: Stage) -> set[tuple[str, str]]:
    """Every address that takes something: what a method that is not there answers is no way in."""
    found = set()
    for method, path in unsafe(on.app):
        if (await on.http.request(method, path)).status_code != 405:
            found.add((method, path))
    return found


def test_pages_are_answered_at_their_pace(world: World) -> None:
    """So many requests of one session at once, then 429 with when to go on; another session has its own."""

    async def scenario() -> None:
        async with staged(world) as on:
            asked = [await on.page("POST", on.recording, "/back") for _ in range(TRIES)]
            codes = [answered.status_code for answered in asked]
            assert codes[: pages.SENT_AT_ONCE_MAX] == [204] * pages.SENT_AT_ONCE_MAX
            assert codes.count(429) > TRIES / 2
            refused = asked[codes.index(429)]
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.json()["remedy"]
            assert (await on.phone("/ready")).status_code == 429
            assert (await on.page("GET", on.recording, "/status.json")).status_code == 200
            assert (await on.page("POST", on.invited, "/in-person", data={"wish": ""})).status_code == 303

    asyncio.run(scenario())


def test_a_stranger_writes_nothing_anywhere(world: World) -> None:
    """No token, a forged one, another purpose's: every address of capture and review, hundreds of requests,
    not one row."""
    app = create_app(
        world.core,
        capture_edge(CaptureParts(world.core, world.objects)),
        review_edge(ReviewParts(world.core, world.objects, world.opener)),
    )
    client, session = AsgiClient(app), world.session()
    links = world.core.links
    words = ("x", links.ingest(session, Stream.WEBCAM) + "x", links.rehearsal(session, Stream.PHONE), "é")
    before, asked = rows(world), 0
    for method, path in sorted(unsafe(app)):
        for word in words:
            address = re.sub(r"\{\w+\}", quote(word), path)
            headers = {"Authorization": f"Bearer {quote(word)}", "Cookie": f"login={quote(word)}"}
            for body in ({"data": {"code": word}}, {"json": {"log": "activity"}}, {"content": b"x"}):
                status = client.request(method, address, headers=headers, **body).status_code
                assert status in range(300, 500), (method, address, status)
                asked += 1
    assert asked >= TRIES
    assert rows(world) == before
