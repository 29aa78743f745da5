"""The recorder in trouble: who is let in, who is refused, and what goes on."""

import asyncio
import threading

import httpx2
import pytest
from fastapi import FastAPI

from capture.cut import writer as wr
from capture.cut.writer import Writer
from capture.errors import SpoolFull
from capture.media.piece import Piece, Sample, Vp8Config
from capture.publish import whip
from capture.publish.ingests import Ingests
from capture.spool import gather, lane_threads, sink, takes
from proctoring.errors import Unavailable, WrongState
from proctoring.exams.model import Stream
from proctoring.recordings import ending
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import end_open_takes
from proctoring.web import problems
from tests.support.world import World
from tests.unit.capture import offers
from tests.unit.capture.spool.sink_stage import MEDIA, recording


def test_readiness_degrades_once_nothing_is_stored_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However little waits: a store may answer, and take nothing, as with a full disk of its own."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            await stage.recorder.store(take, stage.segment(0))
            await stage.until(lambda: stage.sink.spool.counters["away"] > 1)
            stage.sink.check()
            monkeypatch.setattr(lane_threads, "UNREACHABLE_S_MAX", 0.0)
            with pytest.raises(Unavailable, match="nothing that waits in the spool"):
                stage.sink.check()
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.sink.spool) == 0)
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            stage.sink.check()

    asyncio.run(scenario())


def test_a_store_that_hangs_delays_nobody_who_records(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every thread of the drain stuck in a put, segments are accepted and takes end."""
    monkeypatch.setattr(takes, "END_S_MAX", 0.05)
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
            assert len(stage.sink.spool) == 33
            stage.faults.hanging.set()
            await stage.until(lambda: len(stage.sink.spool) == 0)
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


def test_a_full_spool_lets_nobody_in_and_says_when_to_come_back(world: World) -> None:
    """503 with Retry-After and what to do; who records goes on; once it drained the door is open again."""

    async def scenario() -> None:
        async with recording(world, bytes_max=4000) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            seq = 0
            while stage.sink.spool.depth_bytes < 0.8 * 4000:
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
                    stage.sink.check()
                stage.faults.store_away = False
                await stage.until(lambda: len(stage.sink.spool) == 0)
                stage.sink.check()
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
            accepted = stage.sink.spool.counters["spooled"]
            assert stage.sink.spool.counters["full"] > 0
            assert accepted > 0
            await writer.finish(EndCause.STORE_FAILED, 0.1)
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.sink.spool) == 0)
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(accepted))
            assert line.takes[0].end_cause is EndCause.STORE_FAILED
            assert put >= accepted + wr.QUEUE_PIECES_MAX

    asyncio.run(scenario())


def test_a_closed_recording_tells_its_publisher(world: World) -> None:
    """When the core takes nothing more of a take, storing is refused and the ingest ends."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            await stage.recorder.store(take, stage.segment(0))
            await stage.until(lambda: len(stage.sink.spool) == 0)
            with world.core.db.begin() as db:
                ending.finish(db, world.core, stage.session.id)
                end_open_takes(db, world.core, EndCause.SERVER_STOPPED)
            await stage.recorder.store(take, stage.segment(1))
            await stage.until(lambda: len(stage.sink.spool) == 0)
            with pytest.raises(WrongState):
                await stage.recorder.store(take, stage.segment(2))
            assert len(stage.line().segments) == 1

    asyncio.run(scenario())
