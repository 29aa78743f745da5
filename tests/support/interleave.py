"""Two real transactions, stepped statement by statement, in every order with at most two changes of turn.

Each lane is a thread with a connection of its own. It stops before every statement and before its commit
until it is its turn; a lane that waits for a lock of the other is known from `pg_stat_activity`, and the
turn passes on. No time is measured and nothing sleeps for luck.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Connection

from proctoring.db import Database

STEP_S_MAX = 30
POLL_S = 0.0005
AT_THE_END = ("session_summaries", "exam_counts")
"""Tables that every transaction writes last, and decides nothing by: no lane stops before a statement on
them. It may wait there for the other's lock, as anywhere."""

Work = Callable[[Database], object]


class Lane:
    """One transaction's thread. `result` is what its work returned or raised."""

    def __init__(self, url: str, isolation: str) -> None:
        self.database = Database(url, isolation=isolation)
        event.listen(self.database.engine, "before_cursor_execute", self._on_statement)
        event.listen(self.database.engine, "commit", self._gate)
        self._turn = threading.Semaphore(0)
        self._changed = threading.Event()
        self._waiting = self._free = self.done = False
        self.pid = 0
        self.steps = 0
        self.result: object = None

    def start(self, work: Work) -> None:
        """Runs up to its first statement."""
        self._turn = threading.Semaphore(0)
        self._waiting = self._free = self.done = False
        self.steps, self.result = 0, None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def step(self, blocked: Callable[[int], bool]) -> None:
        """One statement further; returns when it stands before the next one, is done, or waits for a lock."""
        if self._settled(blocked):
            self._waiting = False
            self._turn.release()
            self._settled(blocked)

    def finish(self, blocked: Callable[[int], bool]) -> None:
        """To its end, or until it waits for the other."""
        self._free = True
        while self._settled(blocked) and not self.done:
            self._waiting = False
            self._turn.release()

    def close(self) -> None:
        self._thread.join(STEP_S_MAX)
        assert not self._thread.is_alive(), "a lane hangs"

    def _settled(self, blocked: Callable[[int], bool]) -> bool:
        """Whether it stands before a statement or is done; False when it waits for a lock."""
        for _ in range(int(STEP_S_MAX / POLL_S)):
            if self._waiting or self.done:
                return True
            if self._changed.wait(POLL_S):
                self._changed.clear()
            elif self.pid and blocked(self.pid) and not (self._waiting or self.done):
                return False
        raise AssertionError("a lane neither goes on nor waits")

    def _run(self, work: Work) -> None:
        try:
            self.result = work(self.database)
        except Exception as error:
            self.result = error
        self.done = True
        self._changed.set()

    def _on_statement(self, connection: Connection, _cursor: object, statement: str, *_: Any) -> None:
        if not any(table in statement for table in AT_THE_END):
            self._gate(connection)

    def _gate(self, connection: Connection) -> None:
        if threading.current_thread() is not getattr(self, "_thread", None):
            return
        driver: Any = connection.connection.driver_connection
        self.pid = driver.info.backend_pid
        self.steps += 1
        self._waiting = True
        self._changed.set()
        assert self._turn.acquire(timeout=STEP_S_MAX), "nobody gave this lane its turn"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`first` makes `before` steps, then the other `between`, then the first ends, then the other."""

    first: int
    before: int
    between: int


class Pair:
    """Two lanes on one database at one isolation level."""

    def __init__(self, url: str, isolation: str) -> None:
        self._lanes = (Lane(url, isolation), Lane(url, isolation))
        name = url.split("@/")[1]
        dbname, host = name.split("?host=")
        self._watch = psycopg.connect(host=host, dbname=dbname, user="proctoring", autocommit=True)

    def run(self, works: tuple[Work, Work], schedule: Schedule) -> tuple[object, object]:
        """What each returned or raised."""
        for lane, work in zip(self._lanes, works, strict=True):
            lane.start(work)
        first, other = self._lanes[schedule.first], self._lanes[1 - schedule.first]
        for lane, steps in ((first, schedule.before), (other, schedule.between)):
            for _ in range(steps):
                lane.step(self._blocked)
        while not (first.done and other.done):
            first.finish(self._blocked)
            other.finish(self._blocked)
        for lane in self._lanes:
            lane.close()
        return self._lanes[0].result, self._lanes[1].result

    def schedules(self, works: tuple[Work, Work], reset: Callable[[], None]) -> Iterator[Schedule]:
        """Every order of the two with at most two changes of turn; how long each is, is seen in running
        them one after the other."""
        lengths = [0, 0]
        for first in (0, 1):
            reset()
            self.run(works, Schedule(first, 0, 0))
            lengths = [max(known, lane.steps) for known, lane in zip(lengths, self._lanes, strict=True)]
        for first in (0, 1):
            for before in range(lengths[first] + 1):
                for between in range(lengths[1 - first] + 1):
                    yield Schedule(first, before, between)

    def close(self) -> None:
        self._watch.close()
        for lane in self._lanes:
            lane.database.close()

    def _blocked(self, pid: int) -> bool:
        query = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
        row = self._watch.execute(query, (pid,)).fetchone()
        return bool(row and row[0])
