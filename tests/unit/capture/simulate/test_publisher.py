"""A simulated stream goes over real WebRTC, its clock intact; what goes wrong is said with what to do."""

import asyncio

import pytest

from capture.simulate.candidate import Progress, SimulatedSession, Step, simulate
from capture.simulate.encoding import Codec
from capture.simulate.publisher import PublishFailed, publish
from proctoring.exams.model import Stream
from tests.support.clockreader import read_clock
from tests.support.decoded import bgr, seconds
from tests.support.whipreceiver import Receiver, receiving

LONG_S = 60.0
LIMIT_S = 90.0


@pytest.mark.parametrize(
    ("stream", "codec"), [(Stream.WEBCAM, "H264"), (Stream.PHONE, "VP8"), (Stream.SCREEN, "H264")]
)
def test_pictures_arrive_with_their_own_time(stream: Stream, codec: Codec) -> None:
    """Every received picture has a readable clock, which advances with the media timestamp, to 2 ms."""

    async def run() -> list[tuple[int | None, float]]:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            url = f"{receiver.url}/whip"
            task = asyncio.ensure_future(publish(url, receiver.token, stream, seconds=LONG_S, codec=codec))
            await receiver.until(lambda it: len(it.frames) >= 20)
            await _cancelled(task)
            return [(read_clock(bgr(frame)), seconds(frame) * 1000) for frame in receiver.frames[:20]]

    seen = asyncio.run(run())
    clocks = [clock for clock, _ in seen if clock is not None]
    assert len(clocks) == len(seen)
    assert clocks == sorted(set(clocks))
    first_clock, first_media = clocks[0], seen[0][1]
    for clock, (_, media) in zip(clocks, seen, strict=True):
        assert abs((clock - first_clock) - (media - first_media)) <= 2


def test_a_keyframe_comes_when_the_receiver_asks() -> None:
    """A PLI from the receiver makes the next pictures hold a keyframe, through aiortc's sender."""

    async def run() -> None:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            task = asyncio.ensure_future(
                publish(f"{receiver.url}/whip", receiver.token, Stream.PHONE, seconds=LONG_S)
            )
            await receiver.until(lambda it: len(it.frames) >= 3)
            before = receiver.keyframes
            await receiver.ask_for_keyframe()
            await receiver.until(lambda it: it.keyframes > before)
            await _cancelled(task)

    asyncio.run(run())


def test_a_publish_ends_with_a_goodbye() -> None:
    """A publish that ran its time says goodbye by DELETE, has sent sound too, and tells what it sent."""

    async def run() -> Receiver:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            done = await publish(f"{receiver.url}/whip", receiver.token, Stream.WEBCAM, seconds=1.0)
            await receiver.until(lambda it: it.goodbyes == 1)
            assert done.stream is Stream.WEBCAM
            assert done.seconds >= 1.0
            assert done.frames > 0
            assert done.video_bytes > 0
            assert receiver.sounds > 0
            return receiver

    asyncio.run(run())


def test_a_refused_token_is_explained() -> None:
    """A problem document's own words reach the caller; a server that is not there is named."""

    async def run() -> None:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            with pytest.raises(PublishFailed, match="expired") as refused:
                await publish(f"{receiver.url}/whip", "bad-token", Stream.PHONE, seconds=1)
            assert refused.value.remedy == "Ask for a new link."
            with pytest.raises(PublishFailed, match="404"):
                await publish(f"{receiver.url}/elsewhere", "bad-token", Stream.PHONE, seconds=1)
            away = receiver.url
        with pytest.raises(PublishFailed, match=r"No answer from 127\.0\.0\.1"):
            await publish(f"{away}/whip", "bad-token", Stream.PHONE, seconds=1)

    asyncio.run(run())


def test_the_servers_end_ends_the_publish() -> None:
    """When the server closes the connection, the publish fails at once and says so."""

    async def run() -> None:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            task = asyncio.ensure_future(
                publish(f"{receiver.url}/whip", receiver.token, Stream.PHONE, seconds=LONG_S)
            )
            await receiver.until(lambda it: len(it.frames) >= 1)
            await receiver.peers[0].close()
            with pytest.raises(PublishFailed, match="ended the connection"):
                await task

    asyncio.run(run())


def test_one_failure_does_not_stop_the_others() -> None:
    """Of three streams the one with a bad token fails, with what to do; the others are sent to the end; a
    phone with a gap comes as two takes, only the last of which says goodbye."""

    async def run() -> None:
        async with receiving() as receiver, asyncio.timeout(LIMIT_S):
            told: list[Progress] = []
            good = SimulatedSession({Stream.PHONE: receiver.token})
            bad = SimulatedSession({Stream.WEBCAM: "bad-token"})
            summary = await simulate(receiver.url, [good, bad], 3.0, told.append, with_gap=True, gap_s=0.5)
            assert [take.stream for take in summary.takes] == [Stream.PHONE, Stream.PHONE]
            assert [(one.candidate, one.stream) for one in summary.failures] == [(1, Stream.WEBCAM)]
            assert "Ask for a new link." in summary.failures[0].problem
            assert receiver.takes == 2
            assert receiver.goodbyes == 1
            steps = [one.step for one in told if one.candidate == 0 and one.step is not Step.SENDING]
            assert steps == [Step.DROPPED, Step.DONE]
            sent = [one.sent_s for one in told if one.candidate == 0]
            assert sent == sorted(sent)

    asyncio.run(run())


async def _cancelled(task: "asyncio.Task[object]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
