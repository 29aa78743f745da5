"""Threads that empty the spool's lanes as they fill, and rest while store or database are unreachable.

The oldest first; one thread per lane at a time, so a lane keeps its order. Entries within COMMIT_EVERY_S of
the last commit are shared among the threads and committed together. The threads are daemons: a store that
hangs delays neither recording nor the end of the process; its entries are in the spool.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from capture.spool.drain import CommitResult
from capture.spool.spool import Spool
from proctoring.errors import Unavailable

DRAIN_THREADS = 8  # enough for 256 streams on a store that takes 100 ms for a segment
DRAIN_THREADS_SQLITE = 2  # one writes, one puts; more only sleep for SQLite's one write lock
RETRY_S = 1.0
UNREACHABLE_S_MAX = 10.0
COMMIT_EVERY_S = 2.0  # from one commit to the next while much comes, unless somebody waits for it
LANES_MIN, LANES_MAX = 32, 64  # lanes in one transaction: fewer are not shared among threads


class LaneThreads:
    """Calls `step(unit)` for every unit with something waiting; tries again after `retry_s`.

    `together(units)`, where given, is asked first: it commits the first entries of some of these units at
    once and says of which.
    """

    def __init__(
        self,
        spool: Spool,
        step: Callable[[str], CommitResult],
        together: Callable[[Sequence[str]], set[str]] | None = None,
        *,
        threads: int = DRAIN_THREADS,
        retry_s: float = RETRY_S,
    ) -> None:
        self._spool = spool
        self._step = step
        self._together = together
        self._retry_s = retry_s
        self._count = threads
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._busy: set[str] = set()
        self._waiting: dict[str, list[Future[bool]]] = defaultdict(list)
        self._held_until_s: dict[str, float] = {}
        self._unreachable_until_s = 0.0
        self._unreachable_since_s: float | None = None
        self._gather_until_s = 0.0
        self._gathered_s = 0.0
        self._stopping = False

    def start(self) -> None:
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"spool-{number}", daemon=True)
            for number in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def close(self, timeout_s: float) -> None:
        """Stop; what is being committed gets `timeout_s` to come to its end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        self._threads = []

    def wake(self) -> None:
        """Something was accepted."""
        with self._changed:
            if self._together is not None and not self._gather_until_s:
                self._gather_until_s = self._gathered_s + COMMIT_EVERY_S
            self._changed.notify()

    def emptied(self, unit: str) -> "Future[bool]":
        """True once nothing waits of this unit; False as soon as a try to bring that about has failed."""
        future: Future[bool] = Future()
        with self._changed:
            if self._spool.first(unit) is None:
                future.set_result(True)
            elif time.monotonic() < max(self._unreachable_until_s, self._held_until_s.get(unit, 0.0)):
                future.set_result(False)
            else:
                self._waiting[unit].append(future)
                self._gather_until_s = 0.0
                self._changed.notify_all()
        return future

    def check(self) -> None:
        """Raises Unavailable when store or database have taken nothing for UNREACHABLE_S_MAX, whatever they
        answer, and while a stream's segments cannot be committed."""
        since_s = self._unreachable_since_s
        if since_s is not None and (unreachable_s := time.monotonic() - since_s) > UNREACHABLE_S_MAX:
            raise Unavailable(
                f"For {unreachable_s:.0f} s nothing that waits in the spool could be stored.",
                "Look at object store and database, and at their disks; recording goes on meanwhile.",
            )
        if held_up := self.held_up():
            raise Unavailable(f"The segments of {len(held_up)} streams cannot be committed.", "See the log.")

    def held_up(self) -> list[str]:
        """Units whose last try failed for a reason of their own."""
        with self._changed:
            return sorted(self._held_until_s)

    def _run(self) -> None:
        while units := self._next():
            committed = self._together(units) if self._together is not None else set()
            outcome = CommitResult.DONE
            for unit in units:
                if unit in committed:
                    self._note(unit, CommitResult.DONE)
                elif outcome is CommitResult.UNREACHABLE:
                    self._note(unit, CommitResult.UNREACHABLE)
                else:
                    outcome = self._step(unit)
                    self._note(unit, outcome)

    def _next(self) -> list[str]:
        """The units to work on, claimed for this thread; none when the worker stops."""
        with self._changed:
            while not self._stopping:
                now_s = time.monotonic()
                if (gather_s := self._gather_until_s - now_s) > 0:
                    self._changed.wait(gather_s)
                    continue
                idle = [unit for unit in self._spool.lanes() if unit not in self._busy]
                if idle and now_s >= self._unreachable_until_s:
                    ready = [unit for unit in idle if now_s >= self._held_until_s.get(unit, 0.0)]
                    if ready:
                        return self._claimed(ready)
                self._gather_until_s = 0.0
                self._changed.wait(self._retry_s if idle else None)
        return []

    def _claimed(self, ready: list[str]) -> list[str]:
        """This thread's share of the lanes; the others' come next."""
        share = 1
        if self._together is not None:
            share = min(max(-(-len(ready) // self._count), LANES_MIN), LANES_MAX)
        units = ready[:share]
        self._busy.update(units)
        if len(ready) > share:
            self._changed.notify()
        else:
            # What comes while these are committed waits for more of its kind.
            self._gather_until_s, self._gathered_s = 0.0, time.monotonic()
        return units

    def _note(self, unit: str, outcome: CommitResult) -> None:
        with self._changed:
            self._busy.discard(unit)
            again_s = time.monotonic() + self._retry_s
            if outcome is CommitResult.UNREACHABLE:
                self._unreachable_since_s = self._unreachable_since_s or time.monotonic()
                self._unreachable_until_s = again_s
                self._tell(list(self._waiting), emptied=False)
            elif outcome is CommitResult.HELD_UP:
                self._held_until_s[unit] = again_s
                self._tell([unit], emptied=False)
            else:
                self._unreachable_since_s = None
                self._held_until_s.pop(unit, None)
                if self._spool.first(unit) is None:
                    self._tell([unit], emptied=True)

    def _tell(self, units: list[str], emptied: bool) -> None:
        for future in [future for unit in units for future in self._waiting.pop(unit, [])]:
            if future.set_running_or_notify_cancel():
                future.set_result(emptied)
