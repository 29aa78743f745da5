"""The child process: what it is given away, and what its crash, hang, lie and overload cost."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from capture.signals.watch import ANSWER_S_MAX, Watch
from capture.signals.wire import Answer, BadAnswer, Question, read_answer
from proctoring.exams.model import Stream
from tests.support.signals import CHILD, black, segment, until

SOON_S = 3.0


def of(data: bytes) -> Question:
    return Question(Stream.WEBCAM, b"", data)


@asynccontextmanager
async def watching(**how: float) -> AsyncIterator[Watch]:
    watch = Watch(CHILD, restart_s=0.0, **how)  # type: ignore[arg-type]
    await watch.start()
    try:
        yield watch
    finally:
        await watch.close()


async def ask(watch: Watch, data: bytes) -> Answer | None:
    """The answer; None when the segment was lost with its child."""
    answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
    assert watch.offer(of(data), answer.set_result)
    return await answer


def test_a_segment_is_looked_at() -> None:
    """Figures, the gist and a thumbnail come back; the one who decodes is another process, and comes last."""

    async def scenario() -> None:
        async with watching() as watch:
            assert watch.pid is None
            answer = await ask(watch, segment(black()))
            assert answer is not None
            assert answer.figures["luma"] < 2
            assert answer.figures["faces"] == 0
            assert answer.thumbnail.startswith(b"\xff\xd8")
            assert watch.pid not in (None, os.getpid())
            assert os.getpriority(os.PRIO_PROCESS, watch.pid or 0) == 19

    asyncio.run(scenario())


@pytest.mark.promise("P13")
def test_the_child_can_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens no file and no socket, takes no more memory, leaves no core dump, and knows no setting of
    ours."""
    monkeypatch.setenv("PROCTORING_DATABASE_URL", "postgresql://somebody:secret@somewhere/db")

    async def scenario() -> None:
        async with watching() as watch:
            answer = await ask(watch, b"reach out")
            assert answer == Answer({"luma": 0.0}, b"", b"")

    asyncio.run(scenario())


def test_rubbish_is_answered_with_nothing() -> None:
    """Hostile bytes that the decoders refuse cost not even the child."""
    whole = segment(black())
    torn = [b"", b"\0" * 999, whole[:700], whole[:300] + os.urandom(4000), whole[:200] + whole[900:]]

    async def scenario() -> None:
        async with watching() as watch:
            for data in torn:
                answer = await ask(watch, data)
                assert answer is None or answer.figures.keys() <= {"level", "luma", "detail", "faces"}
            assert (await ask(watch, whole)) is not None

    asyncio.run(scenario())


@pytest.mark.parametrize("misdeed", [b"crash", b"lie"])
def test_a_crash_or_a_lie_costs_one_segment_and_one_child(misdeed: bytes) -> None:
    """The next one is looked at by a new child; what happened is counted, for /metrics too."""

    async def scenario() -> None:
        async with watching() as watch:
            await ask(watch, b"reach out")
            first = watch.pid
            assert await ask(watch, misdeed) is None
            assert await ask(watch, b"reach out") is not None
            assert watch.pid not in (None, first)
            assert dict(watch.counters) == {"looked": 2, "failed": 1, "restarts": 1}
            told = {sample.name: sample.value for metric in watch.collect() for sample in metric.samples}
            assert told["signal_child_restarts_total"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{",
        b'{"luma": NaN}',
        b'{"luma": true}',
        b'{"luma": "1"}',
        b'{"luma": 1' + b"0" * 400 + b"}",
    ],
)
def test_figures_that_are_none_are_refused(said: bytes) -> None:
    """Whatever a child that was taken over says, the parent hears finite numbers of known names or none."""
    with pytest.raises(BadAnswer):
        read_answer(said, b"", b"")


def test_a_child_that_hangs_is_killed() -> None:
    """The watchdog ends it: it is gone from the system, and the next segment is looked at."""

    async def scenario() -> None:
        async with watching() as watch:
            await ask(watch, b"reach out")
            hung = watch.pid
            assert hung is not None
            watch._answer_s_max = SOON_S
            assert await ask(watch, b"hang") is None
            watch._answer_s_max = ANSWER_S_MAX  # the next child has to start, on a busy machine
            await until(lambda: watch.counters["restarts"] == 1)
            with pytest.raises(ProcessLookupError):
                os.kill(hung, 0)
            assert await ask(watch, b"reach out") is not None

    asyncio.run(scenario())


def test_overload_drops_and_never_waits() -> None:
    """Beyond the queue's bound `offer` says no at once, whatever the child is doing."""

    async def scenario() -> None:
        async with watching(waiting_max=2) as watch:
            taken = [watch.offer(of(b"hang"), lambda answer: None) for _ in range(5)]
            assert taken == [True, True, False, False, False]
            assert watch.counters["dropped"] == 3

    asyncio.run(scenario())


def test_a_child_that_never_starts_is_only_counted() -> None:
    """A broken installation has no signals, and nothing else is the worse for it."""

    async def scenario() -> None:
        watch = Watch(("/nonexistent/python",), restart_s=0.0)
        await watch.start()
        assert await ask(watch, b"") is None
        assert watch.counters["failed"] == 1
        await watch.close()

    asyncio.run(scenario())
