"""PUT …/late-segments as a page uses it: pieces fill the gap, and play."""

import asyncio
import io
from datetime import timedelta

import av
import pytest

from capture.late import gap_filler
from capture.late.gap_filler import PIECE_MS_MAX
from proctoring.recordings.late import LATE_WAIT
from proctoring.recordings.model import EndCause, GapPart
from tests.contract.late_page import GAP_MS, Page, with_page, world
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture.recorded import from_the_middle, recorded_file, sound_alone

__all__ = ["world"]


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
        sound = {take.id for take in line.takes if take.media_type.startswith("audio")}
        alone = next(one for one in line.segments if one.late and one.take_id in sound)
        assert (start_ms, end_ms) == (alone.start_ms, alone.start_ms + alone.duration_ms)
        with av.open(io.BytesIO(page.opened(alone.position)), "r") as container:
            assert [stream.type for stream in container.streams] == ["audio"]

    with_page(world, scenario)


def test_the_token_is_good_for_a_while_after_the_window(world: World) -> None:
    """A session that expires while its page is away can still be filled; LATE_WAIT later no more."""

    async def scenario(page: Page) -> None:
        page.world.clock.now = page.session.closes_at + LATE_WAIT - timedelta(seconds=1)
        assert (await page.say(True)).status_code == 200
        page.world.clock.move(seconds=1)
        assert (await page.say(True)).status_code == 401

    with_page(world, scenario)


def test_a_page_that_falls_silent_leaves_no_take_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its late take ends, so that the session can settle."""
    monkeypatch.setattr(gap_filler, "IDLE_S", 0.0)
    monkeypatch.setattr(gap_filler, "SWEEP_S", 0.01)

    async def scenario(page: Page) -> None:
        assert (await page.put(0)).status_code == 201
        while page.line().takes[-1].end_cause is None:  # noqa: ASYNC110 - other threads commit it
            await asyncio.sleep(0.02)

    with_page(world, scenario)
