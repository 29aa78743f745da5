"""Calls for help, announced to every open staff page within a second by server-sent events.

An event says only that something changed; it contains no candidate's words. The page then fetches the bar.
Where a proxy holds events back, the page polls instead.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

from fastapi import Request

from proctoring.core import Core
from proctoring.help import service as help_requests

SHOWN_MAX = 3
COMPARED_MAX = 200  # calls that wait at once; beyond, a change is told when one of the oldest is answered
READ_EVERY_S = 1.0  # the database is read this often while any page listens, however many do
STILL_THERE_S = 15.0  # a comment as often, so that no proxy takes the stream for dead
STREAM_S_MAX = 300.0  # then the page connects again, and who was signed out meanwhile cannot
RETRY_MS = 2000


class CallWatch:
    """Mark of the waiting calls; it changes with every call that is made, taken or answered."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._reading = asyncio.Lock()
        self._mark = ""
        self._read_s = float("-inf")

    async def mark(self) -> str:
        """The present mark, at most READ_EVERY_S old. Raises what the database raises."""
        async with self._reading:
            if time.monotonic() - self._read_s >= READ_EVERY_S:
                self._mark = await asyncio.to_thread(self._read)
                self._read_s = time.monotonic()
            return self._mark

    def _read(self) -> str:
        with self._core.db.read() as db:
            waiting, total = help_requests.calls(db, COMPARED_MAX)
        now = self._core.clock()
        parts = [f"{call.request.id}:{call.request.answering(now) or ''}" for call in waiting]
        return hashlib.sha256(f"{total} {' '.join(parts)}".encode()).hexdigest()[:16]


async def stream(watch: CallWatch, request: Request) -> AsyncIterator[str]:
    """The events (WHATWG HTML, 9.2): one at once, then one for each change, until STREAM_S_MAX or the server
    stops."""
    yield f"retry: {RETRY_MS}\n\n"
    begun_s = told_s = time.monotonic()
    known = None
    while time.monotonic() - begun_s < STREAM_S_MAX and not _stops(request):
        mark = await watch.mark()
        if mark != known:
            known, told_s = mark, time.monotonic()
            yield f"event: calls\ndata: {mark}\n\n"
        elif time.monotonic() - told_s >= STILL_THERE_S:
            told_s = time.monotonic()
            yield ": still there\n\n"
        await asyncio.sleep(READ_EVERY_S)


def _stops(request: Request) -> bool:
    server = getattr(request.app.state, "server", None)
    return server is not None and server.should_exit
