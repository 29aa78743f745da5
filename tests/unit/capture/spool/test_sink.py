"""The recorder over core and vault: it accepts whatever is away, refuses when full, and starts in order."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx2
import pytest
from fastapi import FastAPI

from capture.cut import writer as wr
from capture.cut.writer import Writer
from capture.errors import SpoolFull
from capture.media.piece import Piece, Sample, Vp8Config
from capture.publish import whip
from capture.publish.ingests import Ingests
from capture.recorder import MediaSegment
from capture.spool import gather, sink, worker
from capture.spool.sink import VaultRecorder
from capture.spool.spool import Spool
from proctoring.errors import Unavailable, WrongState
from proctoring.exams.model import Stream
from proctoring.identity import service as identity
from proctoring.recordings import ending
from proctoring.recordings.leaves import ABSENCES_MAX, Absence
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.service import end_open_takes
from proctoring.recordings.timeline import StreamTimeline, locate, timeline
from proctoring.sessions.model import Session
from proctoring.units.model import UnitKind, UnitState
from proctoring.web import problems
from tests.support.away import AwayObjects, Faults, Point, faulty
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture import offers

MEDIA = 'video/webm; codecs="vp8"'
RETRY_S = 0.01
LIMIT_S = 60


@dataclass
class Stage:
    """A started recorder with what it stands on."""

    world: World
    faults: Faults
    recorder: VaultRecorder
    session: Session

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
        recorder = VaultRecorder(core, AwayObjects(world.objects, faults), spool, retry_s=RETRY_S)
        await recorder.start()
        try:
            yield Stage(world, faults, recorder, session or world.admitted())
        finally:
            await recorder.close()


def test_with_all_parts_there_a_take_is_committed_when_its_end_returns(world: World) -> None:
    """Nobody has to wait or ask again after a goodbye: every segment and the end are in the database."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            for seq in range(5):
                await stage.recorder.store(take, stage.segment(seq))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(5))
            assert line.takes[0].end_cause is EndCause.STOPPED
            assert stage.recorder.figures() == {"bytes": 0, "entries": 0, "spooled": 5, "drained": 6}

    asyncio.run(scenario())


def test_what_a_segment_lacks_comes_to_the_time_line(world: World) -> None:
    """Through the spool, with the leaf; of more absences than may be told the longest."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            whole = stage.segment(0)
            lacks = tuple(
                Absence(
                    GapPart.SOUND,
                    whole.start_unix_ms + 300 * at,
                    whole.start_unix_ms + 300 * at + 50 + at,
                    EndCause.SOUND_LOST,
                )
                for at in range(ABSENCES_MAX + 2)
            )
            await stage.recorder.store(take, replace(whole, absences=lacks))
            await stage.recorder.store(take, stage.segment(1))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            gaps = [gap for gap in stage.line().gaps if gap.part is GapPart.SOUND]
            starts = [gap.start_ms - stage.line().segments[0].start_ms for gap in gaps]
            assert starts == [300 * at for at in range(2, ABSENCES_MAX + 2)]
            assert {gap.cause for gap in gaps} == {EndCause.SOUND_LOST}

    asyncio.run(scenario())


@pytest.mark.promise("P4")
def test_an_image_goes_the_way_of_a_segment(world: World) -> None:
    """Sealed, spooled, committed; kept while the store is away; refused once the session is over."""

    async def scenario() -> None:
        session = world.admitted(world.exam(identity_copy=True))
        async with recording(world, session) as stage:
            await stage.recorder.keep_image(session.id, b"front")
            stage.faults.store_away = True
            await stage.recorder.keep_image(session.id, b"back")
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            with world.core.db.read() as db:
                copy = identity.of_session(db, session.id)
                assert copy is not None
                refs = [locate(db, session.id, UnitKind.IDENTITY, at) for at in range(copy.images)]
            stored = [world.objects.get(ref.object_key) for ref in refs]
            assert not [one for one in stored if b"front" in one or b"back" in one]
            unit = world.opener.unit(refs[0].unit_id, refs[0].unit_key)
            assert [
                unit.open(ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, sealed)
                for ref, sealed in zip(refs, stored, strict=True)
            ] == [b"front", b"back"]
            await stage.finish()
            with pytest.raises(WrongState):
                await stage.recorder.keep_image(session.id, b"late")

    asyncio.run(scenario())


@pytest.mark.parametrize("away", ["store", "database", "both"])
def test_what_is_stored_while_parts_are_away_is_committed_when_they_are_back(world: World, away: str) -> None:
    """Store and end return all the same; then the manifest holds everything in order and the true cause."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            await stage.recorder.store(take, stage.segment(0))
            await stage.until(lambda: len(stage.line().segments) == 1)
            stage.faults.store_away = away != "database"
            stage.faults.database_away = away != "store"
            for seq in range(1, 6):
                await stage.recorder.store(take, stage.segment(seq))
            await stage.recorder.end(take, EndCause.SHARING_ENDED, 0)
            await stage.until(lambda: stage.recorder.spool.counters["away"] > 1)
            assert len(stage.line().segments) == 1
            assert stage.recorder.figures()["entries"] == 6
            stage.faults.store_away = stage.faults.database_away = False
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(6))
            assert line.gaps[0].cause is line.takes[0].end_cause is EndCause.SHARING_ENDED

    asyncio.run(scenario())


def test_readiness_degrades_once_nothing_is_stored_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little waits: a store may answer, and take nothing, as with a full disk of its own."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            await stage.recorder.store(take, stage.segment(0))
            await stage.until(lambda: stage.recorder.spool.counters["away"] > 1)
            stage.recorder.check()
            monkeypatch.setattr(worker, "AWAY_S_MAX", 0.0)
            with pytest.raises(Unavailable, match="nothing that waits in the spool"):
                stage.recorder.check()
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            stage.recorder.check()

    asyncio.run(scenario())


def test_a_store_that_hangs_delays_nobody_who_records(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every thread of the drain stuck in a put, segments are accepted and takes end."""
    monkeypatch.setattr(sink, "END_S_MAX", 0.05)
    monkeypatch.setattr(sink, "CLOSE_S_MAX", 30)

    async def scenario() -> None:

        async with recording(world) as stage:
            takes = [await stage.begin(stream) for stream in Stream]
            stage.faults.hanging = threading.Event()
            for seq in range(10):
                for take in takes:
                    await stage.recorder.store(take, stage.segment(seq))
            for take in takes:
                await stage.recorder.end(take, EndCause.STOPPED, 0)
            assert len(stage.recorder.spool) == 33
            stage.faults.hanging.set()
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            for stream in Stream:
                assert [segment.seq for segment in stage.line(stream).segments] == list(range(10))

    asyncio.run(scenario())


def test_without_a_database_nobody_is_let_in_and_nothing_begins(world: World) -> None:
    """It says so as Unavailable: WHIP answers 503 and the page tries again."""

    async def scenario() -> None:
        async with recording(world) as stage:
            grant = await stage.recorder.admit(stage.token())
            stage.faults.database_away = True
            for refused in (
                stage.recorder.admit(stage.token()),
                stage.recorder.begin(grant, MEDIA, 0),
                stage.recorder.ended({stage.session.id}),
            ):
                with pytest.raises(Unavailable, match="database"):
                    await refused

    asyncio.run(scenario())


def test_a_take_whose_begin_was_committed_unheard_ends(world: World) -> None:
    """The commit's answer was lost and the publisher began another: the first must not keep the session
    open for ever."""

    async def scenario() -> None:
        async with recording(world) as stage:
            grant = await stage.recorder.admit(stage.token())
            stage.faults.fail_once.add(Point.COMMITTED)
            with pytest.raises(Unavailable):
                await stage.recorder.begin(grant, MEDIA, stage.world.clock.unix_ms)
            take = await stage.begin()
            await stage.recorder.store(take, stage.segment(0))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            await stage.finish()
            line = stage.line()
            assert [shown.end_cause for shown in line.takes] == [EndCause.STORE_FAILED, EndCause.STOPPED]
            assert (line.state, len(line.segments)) == (UnitState.RETAINED, 1)

    asyncio.run(scenario())


def test_a_full_spool_lets_nobody_in_and_says_when_to_come_back(world: World) -> None:
    """503 with Retry-After and what to do; who records goes on; once it drained the door is open again."""

    async def scenario() -> None:
        async with recording(world, bytes_max=4000) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            seq = 0
            while stage.recorder.spool.depth_bytes < 0.8 * 4000:
                await stage.recorder.store(take, stage.segment(seq))
                seq += 1
            ingests = Ingests(stage.recorder, addresses=["127.0.0.1"])
            app = FastAPI()
            problems.install(app)
            app.include_router(whip.routes(ingests))
            headers = {"Authorization": f"Bearer {stage.token(Stream.SCREEN)}", "Content-Type": whip.SDP}
            async with httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app), base_url="http://test"
            ) as client:
                offer = offers.offer(offers.video())
                answer = await client.post("/whip", content=offer, headers=headers)
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) > 0
                assert "spool is full" in answer.json()["detail"]
                assert answer.json()["remedy"]
                with pytest.raises(SpoolFull, match="wait"):
                    stage.recorder.check()
                stage.faults.store_away = False
                await stage.until(lambda: len(stage.recorder.spool) == 0)
                stage.recorder.check()
                assert (await client.post("/whip", content=offer, headers=headers)).status_code == 201
            await ingests.close()
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            assert [segment.seq for segment in stage.line().segments] == list(range(seq))

    asyncio.run(scenario())


def test_a_running_take_ends_only_when_the_bound_is_reached_and_keeps_what_was_accepted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue in memory fills up then; the take ends as STORE_FAILED, and all that the spool took is there
    once the store is back."""
    monkeypatch.setattr(wr, "RETRY_S", 0.01)
    monkeypatch.setattr(gather, "TURN_S", 0.0)

    async def scenario() -> None:
        async with recording(world, bytes_max=6000) as stage:
            grant = await stage.recorder.admit(stage.token())
            stage.faults.store_away = True
            writer = Writer("ingest", grant, stage.recorder, lambda cause: None)
            sample = Sample(0, b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01")
            base, put = stage.world.clock.unix_ms, 0
            while writer.put(Piece(base + put * 4000, 4000, Vp8Config(640, 480), (sample,), ())):
                put += 1
                await asyncio.sleep(0.02)
                assert put < 200
            accepted = stage.recorder.spool.counters["spooled"]
            assert stage.recorder.spool.counters["full"] > 0
            assert accepted > 0
            await writer.finish(EndCause.STORE_FAILED, 0.1)
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(accepted))
            assert line.takes[0].end_cause is EndCause.STORE_FAILED
            assert put >= accepted + wr.QUEUE_PIECES_MAX

    asyncio.run(scenario())


def test_the_next_process_commits_before_it_ends_what_was_left_open(world: World) -> None:
    """Killed while the store was away: when the next start returns, every accepted segment stands before the
    end of its take, and the take says that the server was the reason."""

    async def first() -> Session:
        async with recording(world) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            for seq in range(4):
                await stage.recorder.store(take, stage.segment(seq))
            return stage.session

    async def second(session: Session) -> None:
        async with recording(world, session) as stage:
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(4))
            (take,) = line.takes
            assert take.end_cause is EndCause.SERVER_STOPPED
            assert line.gaps[0].start_ms == take.end_ms == line.segments[-1].start_ms + SEGMENT_MS
            unit = line.unit_id
            assert [*world.objects.versions(f"u/{unit}/")]

    asyncio.run(second(asyncio.run(first())))


def test_a_closed_recording_tells_its_publisher(world: World) -> None:
    """When the core takes nothing more of a take, storing is refused and the ingest ends."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            await stage.recorder.store(take, stage.segment(0))
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            with world.core.db.begin() as db:
                ending.finish(db, world.core, stage.session.id)
                end_open_takes(db, world.core, EndCause.SERVER_STOPPED)
            await stage.recorder.store(take, stage.segment(1))
            await stage.until(lambda: len(stage.recorder.spool) == 0)
            with pytest.raises(WrongState):
                await stage.recorder.store(take, stage.segment(2))
            assert len(stage.line().segments) == 1

    asyncio.run(scenario())


def test_what_waits_in_the_spool_is_ciphertext(world: World) -> None:
    """No stretch of the media is in any file below the data folder, nor the take's key."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            media = bytes(range(256)) * 8
            await stage.recorder.store(take, replace(stage.segment(0), data=media))
            key = stage.recorder._takes[take].sealer._key
            assert key is not None
            files = [file for file in world.folder.rglob("*") if file.is_file()]
            assert any(file.parent.name == "spool" for file in files)
            for file in files:
                data = file.read_bytes()
                assert key not in data
                assert not any(media[at : at + 32] in data for at in range(256))

    asyncio.run(scenario())
