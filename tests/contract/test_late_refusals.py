"""PUT …/late-segments as it must not be used, and what it says then."""

import asyncio

import pytest

from capture.late.gap_filler import PIECE_BYTES_MAX, PIECE_MS_MAX
from proctoring.exams.model import Stream
from proctoring.recordings import ending
from proctoring.units.model import UnitState
from tests.contract.late_page import WEBM, Page, with_page, world
from tests.support.world import World
from tests.unit.capture.recorded import recorded_file

__all__ = ["world"]


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
