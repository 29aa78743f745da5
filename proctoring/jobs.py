"""Background work in its two shapes: in the serving process, or as Celery tasks. The work is the same.

A job asks the database what there is to do; it carries no arguments and no time. Running one twice, or two
at once, is harmless: every step it takes is a conditional update or may be repeated.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger()

TASK_S_MAX = 3600


@dataclass(frozen=True, slots=True)
class Job:
    """`work` is done every `interval_s` seconds."""

    name: str
    work: Callable[[], object]
    interval_s: float


class PeriodicJob:
    """One job in the serving process: at once, then every interval, on a thread, until closed.

    A failure is logged and counted, and the next round comes all the same.
    """

    def __init__(self, job: Job) -> None:
        self.failures = 0
        self._job = job
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Begin; the first round runs at once."""
        self._task = asyncio.create_task(self._loop(), name=self._job.name)

    async def close(self) -> None:
        """Stop; a round under way finishes first."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._job.work)
            except Exception:
                self.failures += 1
                log.exception("job.failed", job=self._job.name, failures=self.failures)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._job.interval_s)


def celery_app(broker_url: str, intervals: dict[str, float], jobs: Callable[[], Sequence[Job]]) -> "Celery":
    """The same jobs as Celery tasks, with beat's schedule.

    `intervals` is all that beat needs to know. `jobs` is called in the worker's own child process, so that no
    database connection is shared over a fork. A message is acknowledged after its work. A message that waited
    longer than its interval is dropped, since beat has sent the next: nothing piles up, and several beats do
    no harm.
    """
    from celery import Celery  # a second of start that only worker and beat need

    app = Celery("proctoring", broker=broker_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_time_limit=TASK_S_MAX,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        beat_schedule={
            name: {"task": f"proctoring.{name}", "schedule": seconds, "options": {"expires": seconds}}
            for name, seconds in intervals.items()
        },
    )
    made: dict[str, Job] = {}

    def task(name: str) -> Callable[[], None]:
        def run() -> None:
            if not made:
                made.update({job.name: job for job in jobs()})
            made[name].work()

        return run

    for name in intervals:
        app.task(name=f"proctoring.{name}")(task(name))
    return app
