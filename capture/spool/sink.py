"""Start, work and close of a process's spool; a start first commits what the earlier process accepted.

It gives the recorders through which segments come: `recorder`, `late` and `identity`.
"""

import asyncio
import contextlib

import structlog

from capture.spool.drain import Drain
from capture.spool.ends import Ends
from capture.spool.identity_recorder import VaultIdentityRecorder
from capture.spool.lane_threads import DRAIN_THREADS, DRAIN_THREADS_SQLITE, RETRY_S, LaneThreads
from capture.spool.late_recorder import VaultLateRecorder
from capture.spool.recorder import VaultRecorder
from capture.spool.spool import Spool
from capture.spool.takes import Takes
from capture.unavailable import available, unwritable
from proctoring.core import Core
from proctoring.recordings import service as recordings
from storage.objects.store import ObjectStore

log = structlog.get_logger()

START_S_MAX = 10.0  # how long a start waits for what an earlier process left, while the parts are there
CLOSE_S_MAX = 5.0
HEARD_EVERY_S = 60.0


class Sink:
    """Takes every segment of this process. Can seal, never open or destroy."""

    def __init__(self, core: Core, objects: ObjectStore, spool: Spool, *, retry_s: float = RETRY_S) -> None:
        self.spool = spool
        self._core = core
        self._retry_s = retry_s
        self._ends = Ends(spool)
        drain = Drain(core, objects, spool)
        threads = DRAIN_THREADS_SQLITE if core.db.engine.dialect.name == "sqlite" else DRAIN_THREADS
        self._lane_threads = LaneThreads(spool, drain.step, drain.together, threads=threads, retry_s=retry_s)
        self.takes = Takes(core, spool, self._ends, self._lane_threads, drain.refused)
        self.recorder = VaultRecorder(core, self.takes)
        self.late = VaultLateRecorder(core, self.takes)
        self.identity = VaultIdentityRecorder(core, spool, self.takes)
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Commits what an earlier process had accepted, then ends its takes as SERVER_STOPPED.

        Returns once that is done, or as soon as store or database turn out to be unreachable. It then
        continues in the background. No take ends before its segments are committed. Raises SpoolTaken. Raises
        Unavailable without a database, and for a spool that can be neither read nor created.
        """
        try:
            await asyncio.to_thread(self.spool.open)
        except OSError as error:
            raise unwritable(error) from error
        await asyncio.to_thread(self._ends.recover, self._core)
        await asyncio.to_thread(self._say_still_here)
        self._lane_threads.start()
        emptied = [asyncio.wrap_future(self._lane_threads.emptied(unit)) for unit in self.spool.lanes()]
        if emptied:
            await asyncio.wait(emptied, timeout=START_S_MAX)
        self._watching = [
            asyncio.create_task(self._be_heard(), name="takes-heard"),
            asyncio.create_task(self._write_ends(), name="takes-ended"),
        ]

    async def close(self) -> None:
        """Stops committing. The next start commits what still waits."""
        for task in self._watching:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._watching = []
        await asyncio.to_thread(self._lane_threads.close, CLOSE_S_MAX)
        self.spool.close()

    def check(self) -> None:
        """For `/readyz`. Raises while the spool accepts nothing or is filling up, while nothing can be
        committed, and while one stream's segments cannot be."""
        self.spool.check()
        self._lane_threads.check()

    async def _be_heard(self) -> None:
        while True:
            await asyncio.sleep(HEARD_EVERY_S)
            try:
                await asyncio.to_thread(self._say_still_here)
            except Exception:
                self.spool.counters["failures"] += 1
                log.exception("spool.not-heard")

    async def _write_ends(self) -> None:
        """Retries the ends of takes that the disk refused."""
        while True:
            await asyncio.sleep(self._retry_s)
            with contextlib.suppress(OSError):
                if len(self._ends) and await asyncio.to_thread(self._ends.write):
                    self._lane_threads.wake()

    def _say_still_here(self) -> None:
        self.spool.sweep(self._core.clock())
        if takes := self.spool.takes() | self.takes.ids() | self._ends.takes():
            with available(), self._core.db.begin() as db:
                recordings.still_here(db, self._core, takes)
