"""PUT …/late-segments as a page uses it, and as it must not be used."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import av
import httpx2
import pytest
from fastapi import FastAPI

from capture.late import endpoint as late
from capture.late import intake as late_intake
from capture.late.intake import PIECE_BYTES_MAX, PIECE_MS_MAX, LateIntake
from capture.spool.sink import VaultRecorder
from capture.spool.spool import Spool
from proctoring.exams.model import Stream
from proctoring.recordings import ending
from proctoring.recordings.late import LATE_WAIT
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.timeline import StreamTimeline, locate, timeline
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.web import problems
from tests.support.away import AwayObjects, Faults, faulty
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture.recorded import from_the_middle, recorded_file, sound_alone, without_lengths

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
        recorder = VaultRecorder(core, AwayObjects(world.objects, faults), spool, retry_s=0.01)
        session = world.admitted()
        await recorder.start()
        intake = LateIntake(recorder)
        await intake.start()
        app = FastAPI()
        problems.install(app)
        app.include_router(late.routes(intake))
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            page = Page(world, http, session, faults)
            page.headers = {"Authorization": f"Bearer {core.links.ingest(session, Stream.WEBCAM)}"}
            page.lose()
            try:
                yield page
            finally:
                await intake.close()
                await recorder.close()


def with_page(world: World, scenario: Callable[[Page], Awaitable[None]]) -> None:
    async def run() -> None:
        async with a_page(world) as page:
            await scenario(page)

    asyncio.run(run())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_pieces_fill_the_gap_and_play_alone(world: World) -> None:
    """Overlapping pieces are cut to what is missing; each becomes a sealed file of its own, marked as late,
    its times from 0; the live segments stay alone in their time."""

    async def scenario(page: Page) -> None:
        state = (await page.say(True)).json()
        assert state["open"]
        assert state["gaps"] == [{"start": page.gap_start, "end": page.gap_start + GAP_MS}]
        assert state["stored_until"] == page.gap_start + GAP_MS + SEGMENT_MS
        answers = [await page.put(at) for at in (-1_000, 2_500, 6_000)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert [answer.json()["kept_ms"] for answer in answers] == [3_000, 3_500, 3_500]
        assert (await page.say(False)).json()["gaps"] == []
        line = page.line()
        ordered = sorted(line.segments, key=lambda segment: segment.start_ms)
        assert [one.late for one in ordered] == [False, True, True, True, False]
        ends = [one.start_ms + one.duration_ms for one in ordered]
        assert [one.start_ms for one in ordered[1:]] == ends[:-1]
        assert line.gaps == ()
        for segment in ordered[1:-1]:
            with av.open(io.BytesIO(page.opened(segment.position)), "r") as container:
                times = [packet.pts for packet in container.demux() if packet.pts is not None]
                assert min(times) == 0
                assert container.duration == segment.duration_ms * 1_000
        late_take = next(take for take in line.takes if take.number == 3)
        assert (late_take.media_type, late_take.end_cause) == (
            'video/webm; codecs="vp8,opus"',
            EndCause.STOPPED,
        )

    with_page(world, scenario)


def test_a_piece_that_is_sent_again_changes_nothing(world: World) -> None:
    """A page that lost the answer, or its memory, sends it again; its place is filled."""

    async def scenario(page: Page) -> None:
        assert (await page.put(1_000)).status_code == 201
        again = await page.put(1_000)
        assert (again.status_code, again.json()) == (200, {"kept_ms": 0})
        assert sum(segment.late for segment in page.line().segments) == 1

    with_page(world, scenario)


@pytest.mark.parametrize("after_ms", [-SEGMENT_MS, GAP_MS])
def test_a_piece_outside_every_gap_is_not_kept(world: World, after_ms: int) -> None:
    """Whatever time a page claims, it places nothing where the server has something, or knows of no gap."""

    async def scenario(page: Page) -> None:
        answer = await page.put(after_ms)
        assert (answer.status_code, answer.json()) == (200, {"kept_ms": 0})
        assert not any(segment.late for segment in page.line().segments)

    with_page(world, scenario)


@pytest.mark.parametrize(
    ("hours", "why"), [(1, "after the server's present"), (10**6, "after"), (-3, "old; at most 2:00:00")]
)
def test_a_time_that_cannot_be_is_refused_with_its_reason(world: World, hours: int, why: str) -> None:
    """A page whose clock is an hour wrong learns so, and by which clock to set its own; nothing is kept."""

    async def scenario(page: Page) -> None:
        answer = await page.put(hours * 3_600_000)
        assert answer.status_code == 422
        assert why in answer.json()["detail"]
        assert "`now`" in answer.json()["remedy"]
        assert (await page.say(True)).json()["now"] == page.world.clock.unix_ms
        assert not any(segment.late for segment in page.line().segments)

    with_page(world, scenario)


def test_a_short_file_does_not_fill_a_long_claim(world: World) -> None:
    """Of what a page claims no more counts than its pictures last, and a still one ten seconds."""

    async def scenario(page: Page) -> None:
        answer = await page.put(-6_000, recorded_file(1_000, sound=False), duration_ms=PIECE_MS_MAX)
        assert answer.json() == {"kept_ms": 900 + 10_000 - 6_000}

    with_page(world, scenario)


def test_a_piece_is_placed_by_its_first_keyframe(world: World) -> None:
    """A page cuts one long file: times run on, and what stands before the keyframe is not the piece's."""

    async def scenario(page: Page) -> None:
        assert (await page.put(0, from_the_middle(8_000, 4_000))).json() == {"kept_ms": 4_000}
        (late_one,) = [segment for segment in page.line().segments if segment.late]
        with av.open(io.BytesIO(page.opened(late_one.position)), "r") as container:
            assert [packet.pts for packet in container.demux(video=0) if packet.pts is not None][:3] == [
                0,
                100,
                200,
            ]

    with_page(world, scenario)


def test_sound_alone_is_kept_with_the_reason_of_the_missing_picture(world: World) -> None:
    """In a take of its own type; the stretch is no gap any more, but one of the picture."""

    async def scenario(page: Page) -> None:
        assert (await page.put(0)).json() == {"kept_ms": 4_000}
        assert (await page.put(4_000, sound_alone(4_000))).json() == {"kept_ms": 4_000}
        assert (await page.put(8_000)).json() == {"kept_ms": 2_000}
        line = page.line()
        assert [take.media_type.partition(";")[0] for take in line.takes[2:]] == [
            "video/webm",
            "audio/webm",
            "video/webm",
        ]
        ((part, start_ms, end_ms, cause),) = [(g.part, g.start_ms, g.end_ms, g.cause) for g in line.gaps]
        assert (part, cause) == (GapPart.PICTURE, EndCause.DEVICE_LOST)
        alone = next(one for one in line.segments if one.late and one.media_type.startswith("audio"))
        assert (start_ms, end_ms) == (alone.start_ms, alone.start_ms + alone.duration_ms)
        with av.open(io.BytesIO(page.opened(alone.position)), "r") as container:
            assert [stream.type for stream in container.streams] == ["audio"]

    with_page(world, scenario)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 422),
        (b"<html>", 422),
        (b"\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff", 422),
        (recorded_file()[:120], 422),
        (bytes(PIECE_BYTES_MAX + 1), 413),
    ],
    ids=["empty", "html", "endless", "cut", "too-large"],
)
def test_what_is_no_piece_is_refused_with_a_reason(world: World, data: bytes, status: int) -> None:
    """Structure and size are checked before anything is begun; no take is left."""

    async def scenario(page: Page) -> None:
        answer = await page.put(0, data)
        assert answer.status_code == status
        assert answer.json()["detail"]
        assert len(page.line().takes) == 2

    with_page(world, scenario)


def test_only_the_streams_own_token_opens_it(world: World) -> None:
    """No token, a forged one, another stream's, another session's, an invitation: 401; 200 for its own."""

    async def scenario(page: Page) -> None:
        links, other = page.world.core.links, page.world.admitted()
        refused = [
            {},
            {"Authorization": "Basic x"},
            {"Authorization": "Bearer forged"},
            {"Authorization": f"Bearer {links.ingest(page.session, Stream.SCREEN)}"},
            {"Authorization": f"Bearer {links.ingest(other, Stream.WEBCAM)}"},
            {"Authorization": f"Bearer {links.invitation(page.session)}"},
        ]
        own = page.headers
        for page.headers in refused:
            assert (await page.put(0)).status_code == 401
            assert (await page.say(True)).status_code == 401
        page.headers = own
        assert (await page.say(True)).status_code == 200

    with_page(world, scenario)


def test_what_cannot_be_understood_is_refused(world: World) -> None:
    """Types, names, numbers: 415 or 422, never a mistake of ours."""

    async def scenario(page: Page) -> None:
        start = page.gap_start
        for url, headers, status in (
            (f"{page.path()}/{start}?duration_ms=4000", {"Content-Type": "text/plain"}, 415),
            (f"{page.path()}/{start}", WEBM, 422),
            (f"{page.path()}/{start}?duration_ms={PIECE_MS_MAX + 1}", WEBM, 422),
            (f"{page.path()}/-1?duration_ms=4000", WEBM, 422),
            (f"{page.path()}/{1 << 60}?duration_ms=4000", WEBM, 422),
            (f"{page.path('kitchen')}/{start}?duration_ms=4000", WEBM, 422),
        ):
            answer = await page.http.put(url, headers=page.headers | headers, content=recorded_file())
            assert answer.status_code == status, url
        for body in (b"", b"[]", b'{"holding": "yes"}', b'{"holding": true, "more": 1}', b"x" * 2_000):
            headers = page.headers | {"Content-Type": "application/json"}
            answer = await page.http.post(page.path(), headers=headers, content=body)
            assert answer.status_code in (413, 422), body

    with_page(world, scenario)


def test_a_closed_stream_takes_nothing_more(world: World) -> None:
    """Once the page has said that it holds nothing, the session is settled: 409 from then on."""

    async def scenario(page: Page) -> None:
        await page.say(True)
        page.world.end(page.second)
        with page.world.core.db.begin() as db:
            ending.finish(db, page.world.core, page.session.id)
        assert (await page.put(0)).status_code == 201
        assert page.line().state is UnitState.OPEN
        await page.say(False)
        assert page.line().state is UnitState.RETAINED
        assert (await page.put(5_000)).status_code == 409
        assert not (await page.say(True)).json()["open"]

    with_page(world, scenario)


def test_the_token_is_good_for_a_while_after_the_window(world: World) -> None:
    """A session that expires while its page is away can still be filled; LATE_WAIT later no more."""

    async def scenario(page: Page) -> None:
        page.world.clock.now = page.session.closes_at + LATE_WAIT - timedelta(seconds=1)
        assert (await page.say(True)).status_code == 200
        page.world.clock.move(seconds=1)
        assert (await page.say(True)).status_code == 401

    with_page(world, scenario)


def test_a_part_that_is_away_means_later(world: World) -> None:
    """503 with when to try again; nothing is lost, nothing is stored twice."""

    async def scenario(page: Page) -> None:
        page.faults.database_away = True
        for answer in (await page.put(0), await page.say(True)):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
        page.faults.database_away = False
        page.faults.store_away = True
        assert (await page.put(0)).status_code == 201  # accepted: it waits in the spool
        assert (await page.put(4_000)).status_code == 503  # what is missing now is not known yet
        page.faults.store_away = False
        while (await page.put(4_000)).status_code == 503:  # noqa: ASYNC110 - other threads commit it
            await asyncio.sleep(0.05)
        late_ones = [segment for segment in page.line().segments if segment.late]
        assert [segment.duration_ms for segment in late_ones] == [4_000, 4_000]

    with_page(world, scenario)


def test_a_page_that_falls_silent_leaves_no_take_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its late take ends, so that the session can settle."""
    monkeypatch.setattr(late_intake, "IDLE_S", 0.0)
    monkeypatch.setattr(late_intake, "SWEEP_S", 0.01)

    async def scenario(page: Page) -> None:
        assert (await page.put(0)).status_code == 201
        while page.line().takes[-1].end_cause is None:  # noqa: ASYNC110 - other threads commit it
            await asyncio.sleep(0.02)

    with_page(world, scenario)
