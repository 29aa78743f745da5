"""The in-process retention job: one pass every interval, for ever; its failures are logged and counted."""

import asyncio
from contextlib import suppress

import structlog

from retention.erase import Eraser

log = structlog.get_logger()


class RetentionJob:
    """Runs `Eraser.run` on a thread every `interval_s` seconds until stopped."""

    def __init__(self, eraser: Eraser, interval_s: int) -> None:
        self._eraser = eraser
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.failures = 0

    async def start(self) -> None:
        """Begin passing; the first pass runs at once."""
        self._task = asyncio.create_task(self._loop(), name="retention")

    async def close(self) -> None:
        """Stop; a pass under way finishes first."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(self._eraser.run)
            except Exception:
                self.failures += 1
                log.exception("retention.pass_failed", failures=self.failures)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval_s)
