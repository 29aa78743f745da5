"""The filler over its recorder in memory: what it keeps of a piece, and how its takes begin and end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from capture.late import gap_filler
from capture.late.gap_filler import GapFiller
from capture.late.recorder import MemoryLateRecorder
from capture.recorder import Grant
from proctoring.errors import TokenRefused, Unavailable, WrongState
from proctoring.exams.model import Stream
from proctoring.recordings.late import Missing
from proctoring.recordings.model import EndCause
from proctoring.recordings.spans import EVER_MS, Span
from tests.unit.capture.recorded import recorded_file, sound_alone

GRANT = Grant("session", Stream.WEBCAM)
NOW = 1_000_000
GAP = Span(NOW - 20_000, NOW - 10_000)


def recorder(*, closed: bool = False) -> MemoryLateRecorder:
    lacks = Missing("unit", not closed, EVER_MS, (GAP,), None, NOW)
    return MemoryLateRecorder({"token": GRANT}, {GRANT: lacks})


def with_filler(over: MemoryLateRecorder, scenario: Callable[[GapFiller], Awaitable[None]]) -> None:
    async def run() -> None:
        filler = GapFiller(over)
        await filler.start()
        try:
            await scenario(filler)
        finally:
            await filler.close()

    asyncio.run(run())


def test_a_piece_is_cut_to_what_is_missing_and_kept_once() -> None:
    """Of four seconds, one of which was there, three are kept; sent again, nothing is."""
    over = recorder()

    async def scenario(filler: GapFiller) -> None:
        assert await filler.admit("token") == GRANT
        kept = [await filler.fill(GRANT, GAP.start_ms - 1_000, 4_000, recorded_file()) for _ in range(2)]
        assert kept == [3_000, 0]

    with_filler(over, scenario)
    (take,) = over.takes.values()
    assert [(one.start_unix_ms, one.duration_ms) for one in take.segments] == [(GAP.start_ms, 3_000)]
    assert over.lacks[GRANT].gaps == (Span(GAP.start_ms + 3_000, GAP.end_ms),)


def test_one_take_goes_on_until_the_page_holds_nothing() -> None:
    """Pieces of one kind share a take; another kind begins its own; the last ends when the page is done."""
    over = recorder()

    async def scenario(filler: GapFiller) -> None:
        await filler.fill(GRANT, GAP.start_ms, 3_000, recorded_file(3_000))
        await filler.fill(GRANT, GAP.start_ms + 3_000, 3_000, recorded_file(3_000))
        await filler.fill(GRANT, GAP.start_ms + 6_000, 3_000, sound_alone(3_000))
        assert [len(take.segments) for take in over.takes.values()] == [2, 1]
        assert [take.cause for take in over.takes.values()] == [EndCause.STOPPED, None]
        await filler.announce(GRANT, False)
        assert [take.cause for take in over.takes.values()] == [EndCause.STOPPED] * 2
        assert over.holding == {GRANT: False}

    with_filler(over, scenario)


def test_a_take_that_is_refused_is_left_for_another() -> None:
    """The page is asked to send the piece again, and the next try begins a take of its own."""
    over = recorder()

    async def scenario(filler: GapFiller) -> None:
        await filler.fill(GRANT, GAP.start_ms, 3_000, recorded_file(3_000))
        over.refused = set(over.takes)
        with pytest.raises(Unavailable):
            await filler.fill(GRANT, GAP.start_ms + 3_000, 3_000, recorded_file(3_000))
        assert await filler.fill(GRANT, GAP.start_ms + 3_000, 3_000, recorded_file(3_000)) == 3_000

    with_filler(over, scenario)
    assert [len(take.segments) for take in over.takes.values()] == [1, 1]


def test_what_is_closed_or_unknown_is_refused() -> None:
    """Nothing is begun for it."""
    over = recorder(closed=True)

    async def scenario(filler: GapFiller) -> None:
        with pytest.raises(TokenRefused):
            await filler.admit("another")
        with pytest.raises(WrongState):
            await filler.fill(GRANT, GAP.start_ms, 4_000, recorded_file())

    with_filler(over, scenario)
    assert over.takes == {}


def test_a_take_of_which_nothing_more_comes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once its page has been silent for IDLE_S, with no word from it."""
    monkeypatch.setattr(gap_filler, "IDLE_S", 0.0)
    monkeypatch.setattr(gap_filler, "SWEEP_S", 0.0)
    over = recorder()

    async def scenario(filler: GapFiller) -> None:
        await filler.fill(GRANT, GAP.start_ms, 4_000, recorded_file())
        while next(iter(over.takes.values())).cause is None:  # noqa: ASYNC110 - the sweep ends it
            await asyncio.sleep(0)

    with_filler(over, scenario)
