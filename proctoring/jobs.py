"""Work that comes round by itself in the one-process shape; elsewhere the same functions are queued jobs."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

log = structlog.get_logger()


class PeriodicJob:
    """Runs `work` on a thread at once and then every `interval_s` seconds, until closed.

    A failure is logged and counted, and the next round comes all the same.
    """

    def __init__(self, name: str, work: Callable[[], object], interval_s: float) -> None:
        self.name = name
        self.failures = 0
        self._work = work
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Begin; the first round runs at once."""
        self._task = asyncio.create_task(self._loop(), name=self.name)

    async def close(self) -> None:
        """Stop; a round under way finishes first."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._work)
            except Exception:
                self.failures += 1
                log.exception("job.failed", job=self.name, failures=self.failures)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval_s)
