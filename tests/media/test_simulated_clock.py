"""Sight and sound of a recording at wall clock T were filmed at T: measured over the real ingest.

Three simulated streams go through WHIP at once; every stored segment is decoded, its burnt-in clock
compared with the time that the segment's start and the frame's timestamp give it.
"""

import asyncio
import statistics

import pytest

from capture.recorder import MemoryTake
from capture.simulate.candidate import SimulatedSession, simulate
from capture.simulate.encoding import Codec
from capture.simulate.sound import BEEP_PERIOD_S
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.media.decoded import Decoded
from tests.media.site import running_site
from tests.support.beep import beep_offset_ms
from tests.support.clockreader import read_clock
from tests.support.decoded import bgr, seconds

pytestmark = pytest.mark.live

SECONDS = BEEP_PERIOD_S + 2.0  # holds at least one beep
OFFSET_MS_MAX = 200
SOUND_OFFSET_MS_MAX = 100
PERIOD_MS = BEEP_PERIOD_S * 1000


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_the_frame_shown_at_a_time_was_filmed_then(codec: Codec) -> None:
    """In all three streams every frame carries the wall clock at which it is shown, within 200 ms; a beep
    made at a full ten seconds is heard there, within 100 ms; every segment decodes alone and cleanly."""

    async def run() -> dict[Stream, list[MemoryTake]]:
        async with running_site() as site:
            summary = await simulate(
                site.url, [SimulatedSession({s: s.value for s in Stream})], SECONDS, codec=codec
            )
            assert summary.failures == ()
            await site.until(lambda: all(take.cause is not None for take in site.recorder.takes.values()))
            return {stream: site.takes(stream) for stream in Stream}

    for stream, takes in asyncio.run(run()).items():
        (take,) = takes
        assert take.cause is EndCause.STOPPED
        offsets = _picture_offsets(take)
        late_ms, latest_ms = statistics.median(offsets), max(offsets, key=abs)
        print(f"{codec} {stream}: shown {late_ms:.1f} ms late in the median, {latest_ms:.1f} at most")
        assert max(abs(offset) for offset in offsets) <= OFFSET_MS_MAX
        if stream is not Stream.SCREEN:
            assert abs(beep_offset_ms(take, PERIOD_MS)) <= SOUND_OFFSET_MS_MAX


def test_a_lost_network_leaves_a_gap_and_a_new_take() -> None:
    """A phone that falls silent and comes back has two takes: the first put down to the connection, the
    second begun after it, and both with the right clock."""

    async def run() -> list[MemoryTake]:
        async with running_site() as site:
            session = SimulatedSession({Stream.PHONE: Stream.PHONE.value})
            summary = await simulate(site.url, [session], 9.0, with_gap=True, gap_s=3.0)
            assert summary.failures == ()
            await site.until(lambda: all(take.cause is not None for take in site.recorder.takes.values()))
            return list(site.takes(Stream.PHONE))

    first, second = asyncio.run(run())
    assert first.cause is EndCause.CONNECTION_LOST
    assert second.cause is EndCause.STOPPED
    last = first.segments[-1]
    assert second.segments[0].start_unix_ms > last.start_unix_ms + last.duration_ms
    for take in (first, second):
        assert max(abs(offset) for offset in _picture_offsets(take)) <= OFFSET_MS_MAX


def _picture_offsets(take: MemoryTake) -> list[float]:
    """For every frame, how much later than filmed it is shown, in ms."""
    offsets = []
    for segment in take.segments:
        decoded = Decoded(segment)
        assert decoded.errors == 0
        assert decoded.first_is_key
        for frame in decoded.pictures:
            filmed_ms = read_clock(bgr(frame))
            assert filmed_ms is not None
            offsets.append(segment.start_unix_ms + seconds(frame) * 1000 - filmed_ms)
    assert offsets
    return offsets
