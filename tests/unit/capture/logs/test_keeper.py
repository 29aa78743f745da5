"""The endpoint for events: who may send, what is kept once and whole, when a log ends, what is erased."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from capture.logs import events as endpoint
from capture.logs.keeper import BATCH_EVERY_S, BATCHES_AT_ONCE_MAX, IDLE_S_MAX, LAST_EVENTS_S, LogKeeper
from capture.spool.sink import VaultRecorder
from capture.spool.spool import Spool
from proctoring.errors import TokenRefused
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.recordings import ending, logs
from proctoring.recordings.events import BATCH_BYTES_MAX, Log, read_batch
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import GapRow, LoggedEventRow, TakeRow
from proctoring.recordings.service import BegunTake
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from proctoring.web import problems
from storage.objects.shred import Shredder
from tests.support.away import AwayObjects, Faults, faulty
from tests.support.logs import answer, batch, event, exam_with_logs
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
        recorder = VaultRecorder(core, AwayObjects(world.objects, faults), spool, retry_s=0.01)
        await recorder.start()
        keeper = LogKeeper(core, recorder, ticks=lambda: ticks[0])
        app = FastAPI()
        problems.install(app)
        app.include_router(endpoint.routes(keeper))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            try:
                yield Stage(world, faults, recorder, keeper, client, session, webcam, ticks)
            finally:
                await keeper.close()
                await recorder.close()


@pytest.mark.promise("P5")
def test_a_batch_is_kept_once_with_its_place_on_the_time_line(world: World) -> None:
    """Stored and acknowledged with counts; sent again, also in part, nothing is stored twice."""

    async def scenario() -> None:
        async with stage(world) as on:
            now = world.clock()
            one, two = event(now - timedelta(seconds=30)), event(now, "paste", chars=7)
            answered = await on.send([one, two])
            assert (answered.status_code, answered.json()) == (201, {"stored": 2, "known": 0})
            assert (await on.send([one, two])).json() == {"stored": 0, "known": 2}
            three = event(now, "focus-gained")
            assert (await on.send([two, three, three])).json() == {"stored": 1, "known": 2}
            await on.stored(3)
            started = sessions_started(on)
            assert next(entry["ms"] for entry in on.entries()) == started - 30_000
            assert {entry["id"] for entry in on.entries()} == {one["id"], two["id"], three["id"]}

    asyncio.run(scenario())


def sessions_started(on: Stage) -> int:
    """Milliseconds from the session's start to now."""
    with on.world.core.db.read() as db:
        started = sessions.load(db, on.session.id).started_at
    assert started is not None
    return int((on.world.clock() - started).total_seconds() * 1000)


@pytest.mark.promise("P6")
def test_answers_are_a_log_of_their_own(world: World) -> None:
    """Another unit, another key, another token; any ingest token of the session is good for activity."""

    async def scenario() -> None:
        async with stage(world) as on:
            sent = await on.send([answer(world.clock(), "forty-two")], "answers")
            assert sent.json() == {"stored": 1, "known": 0}
            token = world.core.links.ingest(on.session, Stream.SCREEN)
            assert (await on.send([event(world.clock())], token=token)).status_code == 201
            await on.stored(1, Log.ANSWERS)
            await on.stored(1, Log.ACTIVITY)
            assert on.entries(Log.ANSWERS)[0]["result"] == {"response": "forty-two"}
            with world.core.db.read() as db:
                heads = logs.heads(db, on.session.id)
            assert [(head.log, head.entries) for head in heads] == [(Log.ACTIVITY, 1), (Log.ANSWERS, 1)]
            assert len({head.unit_id for head in heads}) == 2

    asyncio.run(scenario())


@pytest.mark.promise("P6")
def test_no_token_that_a_page_holds_adds_an_answer(world: World) -> None:
    """Events token, every ingest token, invitation, phone and rehearsal: refused, and nothing is stored. The
    answers token adds no activity and publishes nothing."""

    async def scenario() -> None:
        async with stage(world) as on:
            links, mine = world.core.links, on.session
            answered = [answer(world.clock(), "forty-two")]
            streams = [links.ingest(mine, stream) for stream in Stream]
            for token in (links.events(mine), *streams):
                refused = await on.send(answered, "answers", token=token)
                assert refused.status_code == 403
                assert "answers token" in refused.json()["remedy"]
            for token in (links.invitation(mine), links.phone(mine), links.rehearsal(mine, Stream.WEBCAM)):
                assert (await on.send(answered, "answers", token=token)).status_code == 401
            platform = links.answers(mine)
            assert (await on.send([event(world.clock())], token=platform)).status_code == 403
            for read in (links.read_ingest, links.read_events, links.read_invitation, links.read_phone):
                with pytest.raises(TokenRefused):
                    read(platform)
            assert (on.entries(), on.entries(Log.ANSWERS)) == ([], [])

    asyncio.run(scenario())


def test_a_log_is_full_also_while_nothing_of_it_is_committed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound counts what waits for a store that is away; what was accepted stays accepted."""
    monkeypatch.setattr(logs, "EVENTS_PER_LOG_MAX", 3)

    async def scenario() -> None:
        async with stage(world) as on:
            on.faults.store_away = True
            for _ in range(3):
                assert (await on.send([event(world.clock())])).status_code == 201
            full = await on.send([event(world.clock())])
            assert (full.status_code, full.json()["detail"]) == (409, "The log is full: it holds 3 events.")
            on.faults.store_away = False
            await on.stored(3)

    asyncio.run(scenario())


def test_batches_come_at_their_pace(world: World) -> None:
    """So many at once, then 429 with when to go on; the other log has its own, and time gives it back."""

    async def scenario() -> None:
        async with stage(world) as on:
            known = event(world.clock())
            codes = [(await on.send([known])).status_code for _ in range(BATCHES_AT_ONCE_MAX + 1)]
            assert codes == [201] * BATCHES_AT_ONCE_MAX + [429]
            refused = await on.send([known])
            assert refused.headers["retry-after"] == "1"
            assert (await on.send([answer(world.clock(), "x")], "answers")).status_code == 201
            on.ticks[0] += BATCH_EVERY_S
            assert (await on.send([known])).status_code == 201
            assert (await on.send([known])).status_code == 429

    asyncio.run(scenario())


def test_ids_are_known_after_a_restart_and_to_every_process(world: World) -> None:
    """A retry that reaches another process, or the same one anew, stores nothing again."""

    async def scenario() -> None:
        sent = event(world.clock() + timedelta(minutes=5))
        async with stage(world) as on:
            await on.send([sent])
            await on.stored(1)
            session, webcam = on.session, on.webcam
            other = LogKeeper(world.core, on.recorder)
            kept = await other.keep(session.id, read_batch(as_body(world, [sent])))
            assert (kept.stored, kept.known) == (0, 1)
            await other.close()
        async with stage(world, session, webcam) as again:
            assert (await again.send([sent])).json() == {"stored": 0, "known": 1}

    asyncio.run(scenario())


def as_body(world: World, events: list[dict[str, Any]]) -> bytes:
    return json.dumps(batch(world.clock(), events)).encode()


def test_a_refusal_says_what_is_wrong_and_stores_nothing(world: World) -> None:
    """No token, another session's, a bad event in the middle, a wrong type, too many bytes."""

    async def scenario() -> None:
        async with stage(world) as on:
            good = event(world.clock())
            assert (await on.send([good], token="")).status_code == 401
            assert (await on.send([good], token="forged")).status_code == 401
            invitation = world.core.links.invitation(on.session)
            assert (await on.send([good], token=invitation)).status_code == 401
            other = world.admitted(exam_with_logs(world))
            refused = await on.send([good], session_id=other.id)
            assert (refused.status_code, refused.json()["title"]) == (401, "Token refused")
            refused = await on.send([good, event(world.clock(), "gaze"), good])
            assert refused.status_code == 422
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.headers["access-control-allow-origin"] == "*"
            assert refused.json()["detail"] == "events[1]: not a known type."
            assert (await on.post(b"{}", type="text/plain")).status_code == 415
            assert (await on.post(b" " * (BATCH_BYTES_MAX + 1))).status_code == 413
            assert on.entries() == []
            assert (await on.send([good])).json() == {"stored": 1, "known": 0}

    asyncio.run(scenario())


def test_an_exam_without_the_log_takes_no_event(world: World) -> None:
    """What the notice does not speak of cannot be recorded, whoever sends it."""

    async def scenario() -> None:
        exam = exam_with_logs(world, CaptureProfile((Stream.WEBCAM,), activity_log=True))
        async with stage(world, world.admitted(exam)) as on:
            refused = await on.send([answer(world.clock(), "x")], "answers")
            assert refused.status_code == 403
            assert refused.json()["detail"] == "This exam keeps no answers log."

    asyncio.run(scenario())


def test_before_the_recording_begins_the_sender_keeps_its_events(world: World) -> None:
    """503 with Retry-After: there is no time line yet, and nothing is lost by sending again."""

    async def scenario() -> None:
        async with stage(world) as on:
            early = world.admitted(exam_with_logs(world))
            token = world.core.links.events(early)
            refused = await on.send([event(world.clock())], session_id=early.id, token=token)
            assert refused.status_code == 503
            assert "retry-after" in refused.headers

    asyncio.run(scenario())


def test_without_a_database_nothing_is_acknowledged(world: World) -> None:
    """The page keeps what it has; the same batch counts once when the database is back."""

    async def scenario() -> None:
        async with stage(world) as on:
            sent = event(world.clock())
            on.faults.database_away = True
            assert (await on.send([sent])).status_code == 503
            on.faults.database_away = False
            assert (await on.send([sent])).json() == {"stored": 1, "known": 0}
            await on.stored(1)

    asyncio.run(scenario())


def test_what_is_still_on_its_way_after_the_end_arrives_then_the_log_is_closed(world: World) -> None:
    """The log's take ends by itself, so the session settles; after that nothing more is accepted."""

    async def scenario() -> None:
        async with stage(world) as on:
            await on.send([event(world.clock())])
            world.end(on.webcam)
            on.finish()
            await on.keeper.end_due()
            assert (await on.send([event(world.clock(), "focus-gained")])).status_code == 201
            on.ticks[0] += LAST_EVENTS_S
            await on.keeper.end_due()
            await on.stored(2)
            with world.core.db.read() as db:
                assert {head.state for head in logs.heads(db, on.session.id)} == {UnitState.RETAINED}
                causes = db.scalars(select(TakeRow.end_cause).where(TakeRow.stream == Log.ACTIVITY.value))
                assert list(causes) == [EndCause.SESSION_ENDED.value]
                log_units = select(UnitRow.id).where(UnitRow.kind == Log.ACTIVITY.value)
                assert db.scalar(select(GapRow.id).where(GapRow.unit_id.in_(log_units))) is None
            assert (await on.send([event(world.clock())])).status_code == 409

    asyncio.run(scenario())


def test_a_log_in_which_nothing_happens_lets_go_of_its_key(world: World) -> None:
    """Its take ends, and leaves no gap: no event is not a missing one. The next batch opens another."""

    async def scenario() -> None:
        async with stage(world) as on:
            await on.send([event(world.clock())])
            on.ticks[0] += IDLE_S_MAX
            await on.keeper.end_due()
            world.clock.move(minutes=11)
            await on.send([event(world.clock())])
            await on.stored(2)
            with world.core.db.read() as db:
                takes = db.scalars(select(TakeRow).where(TakeRow.stream == Log.ACTIVITY.value))
                assert sorted(take.number for take in takes) == [1, 2]

    asyncio.run(scenario())


@pytest.mark.promise("P7")
def test_the_purge_takes_the_ids_too(world: World) -> None:
    """After erasure nothing of a log is left but its certificate: no object, no key, no id."""

    async def scenario() -> None:
        async with stage(world) as on:
            await on.send([event(world.clock())])
            await on.send([answer(world.clock(), "forty-two")], "answers")
            await on.stored(1, Log.ANSWERS)
            world.end(on.webcam)
            on.finish()
        outcomes = world.eraser.run(at=world.clock() + timedelta(days=400))
        assert {outcome.line.kind.value for outcome in outcomes if outcome.certificate_id} == {
            "webcam",
            "activity",
            "answers",
        }
        with world.core.db.read() as db:
            assert db.scalar(select(func.count()).select_from(LoggedEventRow)) == 0
        shredder = Shredder(world.objects)
        assert all(shredder.is_gone(outcome.line.unit_id) for outcome in outcomes)

    asyncio.run(scenario())
