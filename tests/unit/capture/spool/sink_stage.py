"""A started recorder over core and vault, of which any part can be away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from capture.recorder import MediaSegment
from capture.spool.recorder import VaultRecorder
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.exams.model import Stream
from proctoring.recordings import ending
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from tests.support.unreachable import Faults, UnreachableObjects, faulty
from tests.support.world import SEGMENT_MS, World

MEDIA = 'video/webm; codecs="vp8"'
RETRY_S = 0.01
LIMIT_S = 60


@dataclass
class Stage:
    """A started sink with what it stands on."""

    world: World
    faults: Faults
    sink: Sink
    session: Session

    @property
    def recorder(self) -> VaultRecorder:
        return self.sink.recorder

    def token(self, stream: Stream = Stream.WEBCAM) -> str:
        return self.world.core.links.ingest(self.session, stream)

    async def begin(self, stream: Stream = Stream.WEBCAM) -> str:
        grant = await self.recorder.admit(self.token(stream))
        return await self.recorder.begin(grant, MEDIA, self.world.clock.unix_ms)

    def segment(self, seq: int) -> MediaSegment:
        return MediaSegment(seq, self.world.clock.unix_ms + seq * SEGMENT_MS, SEGMENT_MS, b"picture %d" % seq)

    def line(self, stream: Stream = Stream.WEBCAM) -> StreamTimeline:
        with self.world.core.db.read() as db:
            return next(s for s in timeline(db, self.session.id).streams if s.stream is stream)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110 - other threads make it true
                await asyncio.sleep(0.01)

    async def finish(self) -> None:
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, self.session.id)


@asynccontextmanager
async def recording(
    world: World, session: Session | None = None, bytes_max: int = 1 << 30
) -> AsyncIterator[Stage]:
    faults = Faults()
    spool = Spool(world.folder / "spool", bytes_max=bytes_max, disk_free_bytes_min=0)
    with faulty(world.core, faults) as core:
        sink = Sink(core, UnreachableObjects(world.objects, faults), spool, retry_s=RETRY_S)
        await sink.start()
        try:
            yield Stage(world, faults, sink, session or world.admitted())
        finally:
            await sink.close()
