"""Beside a real recorder over core and vault: what is kept of signals, for how long, and at what cost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from capture.recorder import MediaSegment
from capture.signals import recorder as watching
from capture.signals.recorder import WatchingRecorder
from capture.signals.watch import Watch
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import FlagSource, FlagState
from proctoring.recordings import ending
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import SegmentRow
from proctoring.recordings.timeline import SealedSegmentRef
from proctoring.sessions.model import Session
from proctoring.signals import service as signals
from proctoring.signals.model import Sheet, SignalKind, decode
from proctoring.signals.rows import SheetRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.naming import unit_prefix
from tests.support.signals import CHILD, SEGMENT_MS, black, segment, until
from tests.support.unreachable import Faults, UnreachableObjects
from tests.support.world import ADMIN, REGULATION, World

MEDIA = 'video/webm; codecs="vp8,opus"'
BLACK = segment(black())


@dataclass
class Stage:
    """A started recorder with its watch, and a session that it records."""

    world: World
    faults: Faults
    watch: Watch
    recorder: WatchingRecorder
    session: Session

    async def begin(self) -> str:
        grant = await self.recorder.admit(self.world.core.links.ingest(self.session, Stream.WEBCAM))
        return await self.recorder.begin(grant, MEDIA, self.world.clock.unix_ms)

    async def store(self, take: str, *data: bytes) -> None:
        """Segments one after the other, each looked at before the next comes."""
        for seq, one in enumerate(data):
            start = self.world.clock.unix_ms + seq * SEGMENT_MS
            await self.recorder.store(take, MediaSegment(seq, start, SEGMENT_MS, one))
            await self._until_asked(seq + 1)

    async def record(self, *data: bytes) -> None:
        take = await self.begin()
        await self.store(take, *data)
        await self.recorder.end(take, EndCause.STOPPED, 0)

    async def _until_asked(self, times: int) -> None:
        await until(lambda: self._asked() >= times)

    def _asked(self) -> int:
        return sum(self.watch.counters[outcome] for outcome in ("looked", "failed", "dropped"))

    def finish(self) -> None:
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, self.session.id)

    def segments(self) -> int:
        with self.world.core.db.read() as db:
            return db.scalar(select(func.count()).select_from(SegmentRow)) or 0

    def newest(self) -> list[SealedSegmentRef]:
        with self.world.core.db.read() as db:
            return signals.newest(db, self.session.id, Stream.WEBCAM)

    def sheet(self) -> Sheet:
        """The one take's newest sheet, opened as a reviewer's process opens it."""
        (ref,) = self.newest()
        unit = self.world.opener.unit(ref.unit_id, ref.unit_key)
        sealed = self.world.objects.get(ref.object_key)
        return decode(unit.open(ref.take_id, ref.sealed_take_key, ref.seq, ref.media_type, sealed))


@asynccontextmanager
async def recording(world: World, signals: bool = True, waiting_max: int = 64) -> AsyncIterator[Stage]:
    profile = CaptureProfile((Stream.WEBCAM,), signals=signals)
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)
    faults = Faults()
    objects = UnreachableObjects(world.objects, faults)
    sink = Sink(world.core, world.objects, Spool(world.folder / "spool", disk_free_bytes_min=0))
    watch = Watch(CHILD, restart_s=0.0, waiting_max=waiting_max)
    await sink.start()
    await watch.start()
    try:
        recorder = WatchingRecorder(world.core, objects, sink.recorder, watch)
        yield Stage(world, faults, watch, recorder, world.admitted(exam))
    finally:
        await watch.close()
        await sink.close()


def test_a_dark_picture_is_a_signal_and_a_flag_for_a_person(world: World) -> None:
    """On the time line with detector, version and threshold; flagged, open, by rule; and it holds nothing."""

    async def scenario() -> None:
        async with recording(world) as stage:
            await stage.record(BLACK, BLACK, BLACK)
            sheet = stage.sheet()
            dark = next(one for one in sheet.signals if one.kind is SignalKind.DARK)
            assert (dark.detector, dark.version, dark.threshold) == ("mean-luma", 1, 16)
            assert dark.end_ms - dark.start_ms == 3 * SEGMENT_MS
            assert [one.ms - sheet.thumbnails[0].ms for one in sheet.thumbnails] == [0, 4000, 8000]
            assert all(one.jpeg.startswith(b"\xff\xd8") for one in sheet.thumbnails)
            stage.finish()
        with world.core.db.read() as db:
            raised = flags.of_session(db, stage.session.id)
            unit = db.scalar(select(UnitRow).where(UnitRow.session_id == stage.session.id))
            assert unit is not None
            assert unit.active_holds == 0
        (flag,) = raised
        assert (flag.note, flag.source, flag.state) == ("Dark picture", FlagSource.RULE, FlagState.OPEN)
        assert (flag.start_ms, flag.end_ms) == (dark.start_ms, dark.end_ms)

    asyncio.run(scenario())


def test_a_signal_that_goes_on_is_one_flag(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheet after sheet tells it longer; the flag grows with it, and is not raised again."""
    monkeypatch.setattr(watching, "LOOKS_PER_SHEET", 3)

    async def scenario() -> None:
        async with recording(world) as stage:
            await stage.record(*[BLACK] * 7)
            assert len(stage.newest()) == 1
            assert stage.watch.counters["sheets-kept"] == 3
            dark = [one for one in stage.sheet().signals if one.kind is SignalKind.DARK]
            assert [one.end_ms - one.start_ms for one in dark] == [7 * SEGMENT_MS]
            with world.core.db.read() as db:
                raised = [f for f in flags.of_session(db, stage.session.id) if f.note == "Dark picture"]
            assert [flag.end_ms - flag.start_ms for flag in raised] == [7 * SEGMENT_MS]

    asyncio.run(scenario())


@pytest.mark.promise("P18")
def test_an_exam_that_has_not_opted_in_feeds_nothing(world: World) -> None:
    """No child is started, no question asked, no sheet stored."""

    async def scenario() -> None:
        async with recording(world, signals=False) as stage:
            take = await stage.begin()
            await stage.recorder.store(take, MediaSegment(0, world.clock.unix_ms, SEGMENT_MS, BLACK))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            assert stage.watch.pid is None
            assert not stage.watch.counters
            assert stage.segments() == 1
            with world.core.db.read() as db:
                assert signals.heads(db, stage.session.id) == []

    asyncio.run(scenario())


@pytest.mark.promise("P13")
def test_nothing_of_a_sheet_lies_anywhere_in_clear(world: World) -> None:
    """Neither a thumbnail nor the name of a signal is found in the store or in any file of the service."""

    async def scenario() -> None:
        async with recording(world) as stage:
            await stage.record(BLACK, BLACK)
            (ref,) = stage.newest()
            stored = [world.objects.get(v.key) for v in world.objects.versions(unit_prefix(ref.unit_id))]
            assert len(stored) == 3
            files = [one.read_bytes() for one in world.folder.rglob("*") if one.is_file()]
            thumbnail = stage.sheet().thumbnails[0].jpeg
            assert not [one for one in stored + files if b"mean-luma" in one or thumbnail[:100] in one]

    asyncio.run(scenario())


@pytest.mark.promise("P7")
def test_sheets_go_with_the_unit(world: World) -> None:
    """Swept as no orphan; erased with the unit's key and objects; no row of it is left."""

    async def scenario() -> str:
        async with recording(world) as stage:
            await stage.record(BLACK, BLACK)
            stage.finish()
            return stage.newest()[0].unit_id

    unit_id = asyncio.run(scenario())
    world.clock.move(days=2)
    world.eraser.run()
    assert len(list(world.objects.versions(unit_prefix(unit_id)))) == 3
    world.clock.move(days=200)
    world.eraser.run(confirmed=True)
    assert list(world.objects.versions(unit_prefix(unit_id))) == []
    with world.core.db.read() as db:
        assert db.get_one(UnitRow, unit_id).state == UnitState.ERASED.value
        assert db.scalar(select(func.count()).select_from(SheetRow)) == 0


@pytest.mark.parametrize("misdeed", [b"crash", b"lie"])
def test_what_happens_to_the_child_does_not_touch_the_recording(world: World, misdeed: bytes) -> None:
    """Every segment is stored; a new child looks at the next one."""

    async def scenario() -> None:
        async with recording(world) as stage:
            await stage.record(BLACK, misdeed, BLACK, BLACK)
            assert stage.segments() == 4
            assert stage.watch.counters["looked"] >= 3
            assert SignalKind.DARK in {one.kind for one in stage.sheet().signals}

    asyncio.run(scenario())


def test_overload_drops_signals_and_never_segments(world: World) -> None:
    """With no room in the queue every look is dropped and counted; the take is whole."""

    async def scenario() -> None:
        async with recording(world, waiting_max=0) as stage:
            await stage.record(BLACK, BLACK, BLACK)
            assert stage.watch.counters == {"dropped": 3}
            assert stage.segments() == 3

    asyncio.run(scenario())


def test_the_end_of_a_take_waits_for_its_last_look(world: World) -> None:
    """A take of one segment has its thumbnail."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            await stage.recorder.store(take, MediaSegment(0, world.clock.unix_ms, SEGMENT_MS, BLACK))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            assert len(stage.sheet().thumbnails) == 1

    asyncio.run(scenario())


def test_a_store_that_is_away_costs_the_sheet_alone(world: World) -> None:
    """The end of the take does not wait for it beyond a bound; the segments are the spool's matter."""

    async def scenario() -> None:
        async with recording(world) as stage:
            stage.faults.store_away = True
            await stage.record(BLACK, BLACK)
            assert stage.watch.counters["sheets-lost"] == 1
            assert stage.segments() == 2
            assert stage.newest() == []

    asyncio.run(scenario())


def test_nothing_is_put_into_a_unit_that_is_closed(world: World) -> None:
    """A sheet that comes when the session is over is refused before a byte of it is put."""

    async def scenario() -> None:
        async with recording(world) as stage:
            take = await stage.begin()
            await stage.store(take, BLACK, BLACK)
            with world.core.db.begin() as db:
                unit = db.scalar(select(UnitRow).where(UnitRow.session_id == stage.session.id))
                assert unit is not None
                unit.state = UnitState.RETAINED.value
                prefix = unit_prefix(unit.id)
            before = list(world.objects.versions(prefix))
            await stage.recorder.end(take, EndCause.STOPPED, 0)
            assert stage.watch.counters["sheets-lost"] == 1
            assert list(world.objects.versions(prefix)) == before

    asyncio.run(scenario())
