"""One capture process of the front: starts it, asks every second for its state, restarts it when it ends.

It ends by itself when the front does: its standard input is a pipe that is never written to.
"""

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import httpx2
import structlog

from capture.front import load
from capture.front.placement import Placements
from proctoring.clock import from_unix_ms

log = structlog.get_logger()

ASK_S = 1.0
ANSWER_S_MAX = 5.0
START_S_MAX = 120.0  # until the first answer: a start commits what an earlier process had accepted
SILENT_S_MAX = 15.0  # without an answer; it is then killed, for nothing is recorded there either
RESTART_S_MAX = 30.0
SHARE_SAMPLES = 6  # the processor's share is that of the last five seconds
CONNECTIONS_MAX = 512


class CaptureProcess:
    """Number `number`, started by `command`, which serves HTTP on `socket`. `restarts` counts."""

    def __init__(self, number: int, command: Sequence[str], socket: Path, placements: Placements) -> None:
        self.number = number
        self.restarts = 0
        self.last: load.Report | None = None
        self.tried = asyncio.Event()
        # A connection for each request: that a process is dead shows before it is given anything.
        limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=0)
        self.transport = httpx2.AsyncHTTPTransport(uds=str(socket), limits=limits, trust_env=False)
        self._command = tuple(command)
        self._placements = placements

    async def run(self) -> None:
        """Keeps one running until cancelled; then that one is asked to end, and waited for."""
        wait_s = ASK_S
        while True:
            began_s = time.monotonic()
            child = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.PIPE)
            log.info("capture-process.started", process=self.number, pid=child.pid)
            try:
                await self._watch(child)
            finally:
                self._lose()
                if child.returncode is None:
                    child.terminate()
                    await child.wait()
            self.restarts += 1
            wait_s = ASK_S if time.monotonic() - began_s > RESTART_S_MAX else min(2 * wait_s, RESTART_S_MAX)
            log.error("capture-process.ended", process=self.number, code=child.returncode, again_in_s=wait_s)
            await asyncio.sleep(wait_s)

    async def get(self, path: str) -> httpx2.Response:
        """Asks the process itself. Raises httpx2.HTTPError."""
        timeout = httpx2.Timeout(ANSWER_S_MAX).as_dict()
        request = httpx2.Request("GET", f"http://capture{path}", extensions={"timeout": timeout})
        response = await self.transport.handle_async_request(request)
        await response.aread()
        return response

    async def _watch(self, child: asyncio.subprocess.Process) -> None:
        """Returns when the process has ended, or was killed since it did not answer."""
        ended = asyncio.ensure_future(child.wait())
        samples: deque[tuple[float, float]] = deque(maxlen=SHARE_SAMPLES)
        silent_until_s = time.monotonic() + START_S_MAX
        try:
            while not ended.done():
                try:
                    self._hear(load.Report.model_validate_json((await self.get(load.PATH)).content), samples)
                    silent_until_s = time.monotonic() + SILENT_S_MAX
                except (httpx2.HTTPError, ValueError):
                    if time.monotonic() > silent_until_s:
                        log.error("capture-process.silent", process=self.number, pid=child.pid)
                        child.send_signal(signal.SIGKILL)
                        await ended
                await asyncio.wait([ended], timeout=ASK_S)
        finally:
            ended.cancel()

    def _hear(self, report: load.Report, samples: deque[tuple[float, float]]) -> None:
        now_s = time.monotonic()
        samples.append((now_s, report.cpu_s))
        (first_s, first_cpu_s) = samples[0]
        cpu_share = (report.cpu_s - first_cpu_s) / (now_s - first_s) if len(samples) > 1 else 0.0
        self.last = report
        self._placements.heard(self.number, cpu_share, report.streams)
        self.tried.set()

    def _lose(self) -> None:
        self.last = None
        self._placements.gone(self.number)
        self.tried.set()


class CaptureProcesses:
    """All of them, from `start` to `close`; for a `StatusBoard` they are one `Accepting`."""

    def __init__(self, members: Sequence[CaptureProcess]) -> None:
        self.members = tuple(members)
        self._running: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns once each serves, or has failed to once; that one is tried again."""
        self._running = [asyncio.create_task(one.run()) for one in self.members]
        await asyncio.gather(*(one.tried.wait() for one in self.members))

    def keeps(self) -> bool:
        """Always: a process that accepts nothing says so in the database (`proctoring.spools`)."""
        return True

    def accepted_until(self) -> Mapping[str, datetime]:
        """As each process has told it last."""
        told = [one.last.accepted for one in self.members if one.last is not None]
        return {take_id: from_unix_ms(ms) for accepted in told for take_id, ms in accepted.items()}

    async def close(self) -> None:
        """Each ends its streams, stores what is whole, and is waited for."""
        for task in self._running:
            task.cancel()
        for task in self._running:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for one in self.members:
            await one.transport.aclose()
