"""A page with its stream's token, in front of a stream whose connection was lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from capture.late import endpoint as late
from capture.late.gap_filler import GapFiller
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from proctoring.recordings.timeline import StreamTimeline, locate, timeline
from proctoring.sessions.model import Session
from proctoring.web import problems
from tests.support.unreachable import Faults, UnreachableObjects, faulty
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture.recorded import recorded_file, without_lengths

GAP_MS = 10_000
WEBM = {"Content-Type": "video/webm"}


@dataclass
class Page:
    """A page with its stream's token, in front of a stream whose connection was lost for GAP_MS."""

    world: World
    http: httpx2.AsyncClient
    session: Session
    faults: Faults
    gap_start: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def lose(self) -> None:
        """Two live takes with a gap between them."""
        world, start = self.world, self.world.clock.unix_ms
        first = world.begin(self.session)
        world.store(first, 0, start)
        world.end(first, EndCause.CONNECTION_LOST)
        self.gap_start = start + SEGMENT_MS
        world.clock.now += timedelta(milliseconds=SEGMENT_MS + GAP_MS)
        self.second = world.begin(self.session)
        world.store(self.second, 0, world.clock.unix_ms)
        world.clock.move(seconds=4)

    def path(self, stream: str = "webcam", session_id: str = "") -> str:
        return late.PATH.format(session_id=session_id or self.session.id, stream=stream)

    async def put(
        self, after_ms: int, data: bytes | None = None, duration_ms: int = 4_000
    ) -> httpx2.Response:
        """A piece that begins `after_ms` after the gap did."""
        url = f"{self.path()}/{self.gap_start + after_ms}?duration_ms={duration_ms}"
        content = without_lengths(recorded_file()) if data is None else data
        return await self.http.put(url, headers=self.headers | WEBM, content=content)

    async def say(self, holding: bool) -> httpx2.Response:
        return await self.http.post(self.path(), headers=self.headers, json={"holding": holding})

    def line(self) -> StreamTimeline:
        with self.world.core.db.read() as db:
            return next(s for s in timeline(db, self.session.id).streams if s.stream is Stream.WEBCAM)

    def opened(self, position: int) -> bytes:
        """The plaintext of a stored segment."""
        with self.world.core.db.read() as db:
            ref = locate(db, self.session.id, Stream.WEBCAM, position)
        unit = self.world.opener.unit(ref.unit_id, ref.unit_key)
        sealed = self.world.objects.get(ref.object_key)
        return unit.open(ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, sealed)


@asynccontextmanager
async def a_page(world: World) -> AsyncIterator[Page]:
    faults = Faults()
    with faulty(world.core, faults) as core:
        spool = Spool(world.folder / "spool", disk_free_bytes_min=0)
        sink = Sink(core, UnreachableObjects(world.objects, faults), spool, retry_s=0.01)
        session = world.admitted()
        await sink.start()
        filler = GapFiller(sink.late)
        await filler.start()
        app = FastAPI()
        problems.install(app)
        app.include_router(late.routes(filler))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            page = Page(world, http, session, faults)
            page.headers = {"Authorization": f"Bearer {core.links.ingest(session, Stream.WEBCAM)}"}
            page.lose()
            try:
                yield page
            finally:
                await filler.close()
                await sink.close()


def with_page(world: World, scenario: Callable[[Page], Awaitable[None]]) -> None:
    async def run() -> None:
        async with a_page(world) as page:
            await scenario(page)

    asyncio.run(run())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
