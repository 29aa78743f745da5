"""The recorder over core and vault: what is stored is committed, whatever was away meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from proctoring.errors import Unavailable, WrongState
from proctoring.identity import service as identity
from proctoring.recordings import take_owners
from proctoring.recordings.leaves import ABSENCES_MAX, Absence
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.timeline import locate
from proctoring.sessions.model import Session
from proctoring.units.model import UnitKind, UnitState
from tests.support.unreachable import Point
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture.spool.sink_stage import MEDIA, recording


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
            assert (stage.sink.spool.depth_bytes, len(stage.sink.spool)) == (0, 0)
            assert stage.sink.spool.counters == {"spooled": 5, "drained": 6}

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
            await stage.sink.identity.keep_image(session.id, b"front")
            stage.faults.store_away = True
            await stage.sink.identity.keep_image(session.id, b"back")
            stage.faults.store_away = False
            await stage.until(lambda: len(stage.sink.spool) == 0)
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
                await stage.sink.identity.keep_image(session.id, b"late")

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
            await stage.until(lambda: stage.sink.spool.counters["away"] > 1)
            assert len(stage.line().segments) == 1
            assert len(stage.sink.spool) == 6
            stage.faults.store_away = stage.faults.database_away = False
            await stage.until(lambda: len(stage.sink.spool) == 0)
            line = stage.line()
            assert [segment.seq for segment in line.segments] == list(range(6))
            assert line.gaps[0].cause is line.takes[0].end_cause is EndCause.SHARING_ENDED

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


def test_neither_a_late_take_nor_an_images_stays_open_unheard(world: World) -> None:
    """The same for what is sent late, and for the copy of an identity card."""

    async def scenario() -> None:
        session = world.admitted(world.exam(identity_copy=True))
        async with recording(world, session=session) as stage:
            await stage.recorder.end(await stage.begin(), EndCause.STOPPED, 0)
            grant = await stage.sink.late.admit(stage.token())
            stage.faults.fail_once.add(Point.COMMITTED)
            with pytest.raises(Unavailable):
                await stage.sink.late.begin(grant, MEDIA, world.clock.unix_ms)
            stage.faults.fail_once.add(Point.COMMITTED)
            with pytest.raises(Unavailable):
                await stage.sink.identity.keep_image(session.id, b"front")
            await stage.until(lambda: len(stage.sink.spool) == 0)
            with world.core.db.read() as db:
                assert take_owners.open_takes_of(db, stage.sink.spool.id) == []
                assert len(list(db.scalars(select(TakeRow.id)))) == 3

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


def test_what_waits_in_the_spool_is_ciphertext(world: World) -> None:
    """No stretch of the media is in any file below the data folder, nor the take's key."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            stage.faults.store_away = True
            media = bytes(range(256)) * 8
            await stage.recorder.store(take, replace(stage.segment(0), data=media))
            key = stage.sink.takes._open[take].sealer._key
            assert key is not None
            files = [file for file in world.folder.rglob("*") if file.is_file()]
            assert any(file.parent.name == "spool" for file in files)
            for file in files:
                data = file.read_bytes()
                assert key not in data
                assert not any(media[at : at + 32] in data for at in range(256))

    asyncio.run(scenario())
