"""A session that records, with the endpoint for events over a real recorder."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI

from capture.logs import events as endpoint
from capture.logs.keeper import LogKeeper
from capture.spool.recorder import VaultRecorder
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.recordings import ending, logs
from proctoring.recordings.events import Log
from proctoring.recordings.service import BegunTake
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.web import problems
from tests.support.logs import batch, exam_with_logs
from tests.support.unreachable import Faults, UnreachableObjects, faulty
from tests.support.world import World

LIMIT_S = 60


@dataclass
class Stage:
    """A session that records, with the endpoint over a keeper over a real recorder."""

    world: World
    faults: Faults
    recorder: VaultRecorder
    keeper: LogKeeper
    client: httpx2.AsyncClient
    session: Session
    webcam: BegunTake
    ticks: list[float] = field(default_factory=lambda: [0.0])

    async def send(self, events: list[dict[str, Any]], log: str = "activity", **more: Any) -> httpx2.Response:
        body = batch(self.world.clock(), events, log)
        if log == Log.ANSWERS:
            more.setdefault("token", self.world.core.links.answers(self.session))
        return await self.post(json.dumps(body).encode(), **more)

    async def post(
        self,
        body: bytes,
        token: str | None = None,
        session_id: str | None = None,
        type: str = "application/json",
    ) -> httpx2.Response:
        token = token if token is not None else self.world.core.links.events(self.session)
        headers = {"Content-Type": type} | ({"Authorization": f"Bearer {token}"} if token else {})
        path = f"/api/v1/sessions/{session_id or self.session.id}/events"
        return await self.client.post(path, content=body, headers=headers)

    def entries(self, log: Log = Log.ACTIVITY) -> list[dict[str, Any]]:
        """The log as a reader opens it."""
        with self.world.core.db.read() as db:
            refs = logs.sealed(db, self.session.id, log)
            started = sessions.load(db, self.session.id).started_at
        assert started is not None
        opened = []
        for ref in refs:
            unit = self.world.opener.unit(ref.unit_id, ref.unit_key)
            sealed = self.world.objects.get(ref.object_key)
            opened.append(unit.open(ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, sealed))
        return logs.entries(opened, started)

    async def stored(self, entries: int, log: Log = Log.ACTIVITY) -> None:
        async with asyncio.timeout(LIMIT_S):
            while len(self.entries(log)) != entries:  # noqa: ASYNC110 - other threads make it true
                await asyncio.sleep(0.01)

    def finish(self) -> None:
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, self.session.id)


@asynccontextmanager
async def stage(
    world: World, session: Session | None = None, webcam: BegunTake | None = None
) -> AsyncIterator[Stage]:
    """`session` and `webcam`: of an earlier stage, as after a restart."""
    faults, ticks = Faults(), [0.0]
    if session is None:
        session = world.admitted(exam_with_logs(world))
    if webcam is None:
        webcam = world.begin(session)
        world.clock.move(minutes=5)
    spool = Spool(world.folder / "spool", disk_free_bytes_min=0)
    with faulty(world.core, faults) as core:
        sink = Sink(core, UnreachableObjects(world.objects, faults), spool, retry_s=0.01)
        await sink.start()
        keeper = LogKeeper(core, sink.recorder, ticks=lambda: ticks[0])
        app = FastAPI()
        problems.install(app)
        app.include_router(endpoint.routes(keeper))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            try:
                yield Stage(world, faults, sink.recorder, keeper, client, session, webcam, ticks)
            finally:
                await keeper.close()
                await sink.close()
