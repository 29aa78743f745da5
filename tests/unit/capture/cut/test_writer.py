"""From pieces to the recorder: order, patience, bounds, and one end for every begin."""

import asyncio
import sys
from dataclasses import replace

import pytest

from capture.cut import writer as wr
from capture.cut.waiting import Waiting
from capture.cut.writer import Writer
from capture.media.piece import Piece, Sample, Vp8Config
from capture.recorder import Grant, MediaSegment, MemoryRecorder
from proctoring.errors import Unavailable, WrongState
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause

GRANT = Grant("session-1", Stream.WEBCAM)
KEY = Sample(0, b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01")
SOUND = (Sample(0, b"\xf8\xff\xfe"),)
VP8_OPUS, VP8 = 'video/webm; codecs="vp8,opus"', 'video/webm; codecs="vp8"'


def piece(number: int, *, sound: bool = True, duration_ms: int = 4000) -> Piece:
    return Piece(number * 4000, duration_ms, Vp8Config(640, 480), (KEY,), SOUND if sound else ())


class Reluctant(MemoryRecorder):
    """Raises what it is told to before it stores."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__({})
        self.errors = list(errors)
        self.gate = asyncio.Event()
        self.gate.set()

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        await super().store(take_id, segment)


async def written(
    recorder: MemoryRecorder, *pieces: Piece, cause: EndCause = EndCause.STOPPED
) -> list[EndCause]:
    failures: list[EndCause] = []
    writer = Writer("ingest", GRANT, recorder, failures.append)
    for each in pieces:
        assert writer.put(each)
    await writer.finish(cause, 30)
    return failures


def test_pieces_are_stored_in_order_and_the_take_ends_at_the_last() -> None:
    """One begin, segments counted from 0, one end at the last piece's end."""
    recorder = MemoryRecorder({})
    assert asyncio.run(written(recorder, piece(0), piece(1))) == []
    (take,) = recorder.takes.values()
    assert (take.media_type, take.cause, take.end_unix_ms) == (VP8_OPUS, EndCause.STOPPED, 8000)
    assert [(s.seq, s.start_unix_ms, s.duration_ms) for s in take.segments] == [(0, 0, 4000), (1, 4000, 4000)]


def test_another_media_type_is_another_take() -> None:
    """A player is set up per take; sound that comes, and pictures that go, begin a new one."""
    recorder = MemoryRecorder({})
    alone = replace(piece(2), config=None, video=())
    asyncio.run(written(recorder, piece(0, sound=False), piece(1), alone, piece(3)))
    types = [take.media_type for take in recorder.takes.values()]
    assert types == [VP8, VP8_OPUS, 'audio/webm; codecs="opus"', VP8_OPUS]
    assert [take.cause for take in recorder.takes.values()] == [EndCause.REPLACED] * 3 + [EndCause.STOPPED]


def test_sound_that_stays_away_stays_in_its_take() -> None:
    """A microphone that gives nothing for a while is silence in the same take; its file declares sound."""
    recorder = MemoryRecorder({})
    asyncio.run(written(recorder, piece(0), piece(1, sound=False), piece(2)))
    (take,) = recorder.takes.values()
    assert len(take.segments) == 3
    assert all(b"A_OPUS" in segment.data for segment in take.segments)


def test_an_unavailable_recorder_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing accepted is dropped while the store is away."""
    monkeypatch.setattr(wr, "RETRY_S", 0)
    recorder = Reluctant(Unavailable("away"), Unavailable("away"))
    assert asyncio.run(written(recorder, piece(0), piece(1))) == []
    (take,) = recorder.takes.values()
    assert len(take.segments) == 2


@pytest.mark.parametrize(
    ("error", "cause"),
    [(RuntimeError("disk"), EndCause.STORE_FAILED), (WrongState("over"), EndCause.SESSION_ENDED)],
)
def test_a_failed_store_ends_the_take_with_its_cause(error: Exception, cause: EndCause) -> None:
    """The ingest is told, the take ends, and nothing is stored behind the hole."""
    recorder = Reluctant(error)
    assert asyncio.run(written(recorder, piece(0), piece(1))) == [cause]
    (take,) = recorder.takes.values()
    assert take.segments == []
    assert take.cause is cause


def test_a_full_queue_refuses_and_keeps_what_it_has() -> None:
    """The bound is in pieces; what was accepted before is stored when the store answers again."""

    async def scenario() -> None:
        recorder = Reluctant()
        recorder.gate.clear()
        writer = Writer("ingest", GRANT, recorder, lambda cause: None)
        accepted = 0
        while writer.put(piece(accepted)):
            accepted += 1
        assert accepted == wr.QUEUE_PIECES_MAX
        recorder.gate.set()
        await writer.finish(EndCause.STORE_FAILED, 30)
        (take,) = recorder.takes.values()
        assert len(take.segments) == accepted
        assert take.cause is EndCause.STORE_FAILED

    asyncio.run(scenario())


def test_what_waits_in_memory_is_bounded_over_all_streams() -> None:
    """However many there are: the next piece of any of them is refused. What is stored, skipped or given up
    makes room again."""

    async def scenario() -> None:
        size = piece(0).size
        waiting = Waiting(bytes_max=3 * size)
        recorders = [Reluctant(), Reluctant(), Reluctant(RuntimeError("disk"))]
        for recorder in recorders:
            recorder.gate.clear()
        first, second, third = (
            Writer(str(at), GRANT, recorder, lambda cause: None, waiting)
            for at, recorder in enumerate(recorders)
        )
        assert [first.put(piece(0)), second.put(piece(0)), third.put(piece(0))] == [True] * 3
        assert [one.put(piece(1)) for one in (first, second, third)] == [False] * 3
        assert waiting.bytes == 3 * size
        recorders[0].gate.set()
        await first.finish(EndCause.STOPPED, 30)
        assert waiting.bytes == 2 * size
        await second.finish(EndCause.STOPPED, 0.05)
        assert waiting.bytes == size
        recorders[2].gate.set()
        assert third.put(piece(1))
        await third.finish(EndCause.STOPPED, 30)
        assert waiting.bytes == 0

    asyncio.run(scenario())


def test_a_take_waits_for_the_one_before_it() -> None:
    """The earlier take of the stream has ended before the next begins."""

    async def scenario() -> None:
        recorder = MemoryRecorder({})
        earlier = asyncio.Event()
        writer = Writer("ingest", GRANT, recorder, lambda cause: None)
        writer.wait_for(earlier)
        writer.open(VP8_OPUS, 0)
        writer.put(piece(0))
        for _ in range(10):
            await asyncio.sleep(0)
        assert recorder.takes == {}
        earlier.set()
        await writer.finish(EndCause.STOPPED, 30)
        assert len(recorder.takes) == 1

    asyncio.run(scenario())


def test_a_take_ends_also_when_storing_takes_too_long() -> None:
    """What is not stored is given up, and the take says so; it does not stay open."""

    async def scenario() -> None:
        recorder = Reluctant()
        recorder.gate.clear()
        writer = Writer("ingest", GRANT, recorder, lambda cause: None)
        assert writer.put(piece(0))
        await writer.finish(EndCause.STOPPED, 0.05)
        (take,) = recorder.takes.values()
        assert (take.segments, take.cause) == ([], EndCause.STORE_FAILED)

    asyncio.run(scenario())


def test_a_stored_piece_is_held_by_nobody() -> None:
    """What was filmed does not stay in memory until the next piece comes."""

    async def scenario() -> None:
        recorder = MemoryRecorder({})
        writer = Writer("ingest", GRANT, recorder, lambda cause: None)
        filmed = KEY.data + bytes(1000)
        held = sys.getrefcount(filmed)
        writer.put(Piece(0, 4000, Vp8Config(640, 480), (Sample(0, filmed),), SOUND))
        assert sys.getrefcount(filmed) > held
        for _ in range(10):
            await asyncio.sleep(0)
        assert [len(take.segments) for take in recorder.takes.values()] == [1]
        assert sys.getrefcount(filmed) == held
        await writer.finish(EndCause.STOPPED, 30)

    asyncio.run(scenario())
