"""The child process from outside: one question at a time, killed when it hangs, started again, counted.

Nothing here makes a recording wait: what does not fit into the queue is dropped and counted. A crash or a
hang costs the one segment that was being looked at.

    state    first question   answer   crash, hang, nonsense   close
    none     running          –        –                       none
    running  –                running  none (a restart)        none
"""

import asyncio
import contextlib
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from capture.signals.wire import HEAD, SEGMENT_BYTES_MAX, Answer, BadAnswer, Question, answer_lengths, asked
from capture.signals.wire import read_answer as read

log = structlog.get_logger()

COMMAND = (sys.executable, "-m", "capture.signals.child")
ANSWER_S_MAX = 15.0  # the start of a child included, on a busy machine
RESTART_S = 1.0
WAITING_MAX = 64
WAITING_BYTES_MAX = 32 << 20
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}  # and nothing of ours: no setting, no secret, no path

Then = Callable[[Answer | None], None]


class Watch(Collector):
    """Asks its own child process. The child exists from the first question on, so there is none where no exam
    asks for it.

    `counters`: looked (answered questions), dropped (no room, too large), failed (lost with a child),
    restarts; and of the recorder around it, sheets-kept and sheets-lost.
    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        answer_s_max: float = ANSWER_S_MAX,
        restart_s: float = RESTART_S,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._command = tuple(command)
        self._answer_s_max = answer_s_max
        self._restart_s = restart_s
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Question, Then]] = deque()
        self._waiting_bytes = 0
        self._more = asyncio.Event()
        self._child: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """Begins to ask. Call once, on the loop that serves."""
        self._task = asyncio.create_task(self._run(), name="signals-watch")
        REGISTRY.register(self)

    async def close(self) -> None:
        """Forgets what waits and ends the child."""
        if self._task is None:
            return
        REGISTRY.unregister(self)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        await self._end_child()

    def offer(self, question: Question, then: Then) -> bool:
        """Takes the question if there is room, else drops it. `then` is called on the loop: with the answer,
        or with None when it was lost with a child."""
        size = len(question.segment)
        full = len(self._waiting) >= self._waiting_max or self._waiting_bytes + size > WAITING_BYTES_MAX
        if self._task is None or full or size > SEGMENT_BYTES_MAX:
            self.counters["dropped"] += 1
            return False
        self._waiting.append((question, then))
        self._waiting_bytes += size
        self._more.set()
        return True

    def describe(self) -> list[Metric]:
        """Nothing: names are reported with their values."""
        return []

    def collect(self) -> Iterator[Metric]:
        """For `/metrics`."""
        looks = CounterMetricFamily("signal_looks", "Segments for the signals child.", labels=["outcome"])
        for outcome in ("looked", "dropped", "failed"):
            looks.add_metric([outcome], self.counters[outcome])
        yield looks
        sheets = CounterMetricFamily("signal_sheets", "Sheets of signals and thumbnails.", labels=["outcome"])
        for outcome in ("kept", "lost"):
            sheets.add_metric([outcome], self.counters[f"sheets-{outcome}"])
        yield sheets
        yield CounterMetricFamily(
            "signal_child_restarts", "Crashed, hung or lying signals children.", self.counters["restarts"]
        )

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                self._more.clear()
                await self._more.wait()
            question, then = self._waiting.popleft()
            self._waiting_bytes -= len(question.segment)
            try:
                then(await self._answer(question))
            except Exception:
                # One take's trouble must not end the looking at all others.
                log.exception("signals.not-taken")

    async def _answer(self, question: Question) -> Answer | None:
        try:
            answer = await asyncio.wait_for(self._ask(question), self._answer_s_max)
        except (TimeoutError, OSError, EOFError, BadAnswer) as error:
            await self._lose_child(error)
            await asyncio.sleep(self._restart_s)  # a child that never starts must not eat a processor
            return None
        self.counters["looked"] += 1
        return answer

    async def _ask(self, question: Question) -> Answer:
        if self._child is None:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # what a decoder says of a picture stays in no log
                env=ENVIRONMENT,
                cwd=os.sep,
            )
        to, back = self._child.stdin, self._child.stdout
        assert to is not None and back is not None
        to.write(asked(question))
        await to.drain()
        figures, gist, thumbnail = answer_lengths(await back.readexactly(HEAD.size))
        return read(
            await back.readexactly(figures), await back.readexactly(gist), await back.readexactly(thumbnail)
        )

    async def _lose_child(self, error: Exception) -> None:
        await self._end_child()
        self.counters["failed"] += 1
        self.counters["restarts"] += 1
        log.warning("signals.child-lost", error=type(error).__name__)

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
