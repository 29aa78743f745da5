"""Logs of a session: what is kept once and whole, when a log ends, what is erased."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from capture.logs.keeper import IDLE_S_MAX, LAST_EVENTS_S, LogKeeper
from proctoring.exams.model import Stream
from proctoring.recordings import logs
from proctoring.recordings.events import Log, read_batch
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import GapRow, LoggedEventRow, TakeRow
from proctoring.sessions import service as sessions
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.shred import Shredder
from tests.support.logs import answer, batch, event
from tests.support.world import World
from tests.unit.capture.logs.stage import Stage, stage


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
