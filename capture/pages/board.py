"""Statuses of the sessions whose pages ask, read for all of them together and answered from memory.

What the board answers was true at most STATUS_AGE_S_MAX ago. A session that it does not know yet is in the
next reading, which begins at once. What it cannot learn so, it leaves to the route: a session that does not
exist. Without a database, or in quarantine, that is every session.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import structlog
from sqlalchemy.exc import OperationalError

from capture.identity_recorder import Accepting
from capture.pages.status import statuses
from proctoring.clock import iso
from proctoring.core import Core
from proctoring.quarantine.service import in_force
from proctoring.tolerant import UNREADABLE

log = structlog.get_logger()

READ_EVERY_S = 1.0
STATUS_AGE_S_MAX = 3.0
FIRST_ANSWER_S_MAX = 2.0
"""For the reading that a session's first poll waits for."""
ASKED_WITHIN_S = 10.0
"""Whose page has not asked for so long is not read any more."""
TOGETHER_MAX = 200
"""Sessions in one reading transaction: it holds the interpreter for some milliseconds, not for longer."""

Ticks = Callable[[], float]


class StatusBoard:
    """`answer` on the event loop; readings on a thread, every READ_EVERY_S from `start` to `close`."""

    def __init__(self, core: Core, here: Accepting, ticks: Ticks = time.monotonic) -> None:
        self._core = core
        self._here = here
        self._ticks = ticks
        self._asked_s: dict[str, float] = {}
        self._known: dict[str, tuple[float, bytes]] = {}
        self._new: set[str] = set()
        self._is_new = asyncio.Event()
        self._next_reading: asyncio.Future[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """The first reading follows once somebody asks."""
        self._next_reading = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read_on(), name="statuses")

    async def close(self) -> None:
        """Nothing is answered any more."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None

    async def answer(self, session_id: str) -> bytes | None:
        """What `status` answers, as JSON; None of a session whose status is not known well enough."""
        self._asked_s[session_id] = self._ticks()
        known = self._fresh(session_id)
        if known is None and self._reading is not None and self._next_reading is not None:
            self._new.add(session_id)
            self._is_new.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_ANSWER_S_MAX):
                    await asyncio.shield(self._next_reading)
            known = self._fresh(session_id)
        if known is None:
            return None
        return b'{"now": "%b", %b' % (iso(self._core.clock()).encode(), known)

    def read_all(self) -> None:
        """One reading of all sessions that were asked for lately."""
        self._known = self._read(self._asked())

    def read_new(self, session_ids: Iterable[str]) -> None:
        """One reading of these alone."""
        self._known = self._known | self._read(list(session_ids))

    def _fresh(self, session_id: str) -> bytes | None:
        read_s, known = self._known.get(session_id, (0.0, None))
        return known if self._ticks() - read_s <= STATUS_AGE_S_MAX else None

    async def _read_on(self) -> None:
        last_s = self._ticks() - READ_EVERY_S
        while True:
            wait_s = last_s + READ_EVERY_S - self._ticks()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._is_new.wait()
            self._is_new.clear()
            new, self._new = self._new, set()
            due = self._ticks() - last_s >= READ_EVERY_S
            last_s = self._ticks() if due else last_s
            asked, self._next_reading = self._next_reading, asyncio.get_running_loop().create_future()
            try:
                await (asyncio.to_thread(self.read_all) if due else asyncio.to_thread(self.read_new, new))
            except Exception:
                log.exception("statuses.not-read")
            if asked is not None:
                asked.set_result(None)

    def _asked(self) -> Sequence[str]:
        long_ago_s = self._ticks() - ASKED_WITHIN_S
        asked = self._asked_s.copy()
        for session_id in [one for one, asked_s in asked.items() if asked_s < long_ago_s]:
            del asked[session_id]
            self._asked_s.pop(session_id, None)
        return list(asked)

    def _read(self, session_ids: Sequence[str]) -> dict[str, tuple[float, bytes]]:
        """Of those that there are. Nothing is known without a database. A row that cannot be read keeps no
        other session."""
        known: dict[str, tuple[float, bytes]] = {}
        with suppress(OperationalError):
            for first in range(0, len(session_ids), TOGETHER_MAX):
                some = session_ids[first : first + TOGETHER_MAX]
                try:
                    known |= self._read_some(some)
                except UNREADABLE:
                    if middle := len(some) // 2:
                        known |= self._read(some[:middle]) | self._read(some[middle:])
        return known

    def _read_some(self, session_ids: Sequence[str]) -> dict[str, tuple[float, bytes]]:
        read_s = self._ticks()
        with self._core.db.read() as db:
            if in_force(db) is not None:
                return {}
            found = statuses(db, self._core, session_ids, self._here)
        return {one: (read_s, json.dumps(body)[1:].encode()) for one, body in found.items()}
