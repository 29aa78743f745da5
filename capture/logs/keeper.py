"""Keeps batches of activity and answers as the ingest keeps segments: one batch, one sealed object.

A take of a log is what this process took of it without a pause. It ends when nothing came for IDLE_S_MAX, or
LAST_EVENTS_S after its session, so that what the page still held arrives. Nothing is written before it is
sealed; a batch is acknowledged once the spool has accepted it, and never lost from then on.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import structlog

from capture.pace import Pace
from capture.recorder import Grant, MediaSegment, Recorder
from capture.unavailable import available
from proctoring.clock import to_unix_ms
from proctoring.core import Core
from proctoring.errors import TokenRefused, Unavailable
from proctoring.quarantine.service import check_none
from proctoring.recordings import logs
from proctoring.recordings.events import LOG_MEDIA_TYPE, Batch, Log, placed
from proctoring.recordings.logs import Standing
from proctoring.recordings.model import EndCause

log = structlog.get_logger()

BATCHES_AT_ONCE_MAX = 120  # of one log: what a page kept during an outage, 64 events each
BATCH_EVERY_S = 0.5
IDLE_S_MAX = 600.0
LAST_EVENTS_S = 4.0
WATCH_S = 2.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: events stored by it, and events that the log held before."""

    stored: int
    known: int


@dataclass(slots=True)
class _Open:
    """One log as this process has it. `ids`: what it stored in its take, committed or not yet; `size`: in how
    many bytes; `before`: how the log stood when that take began."""

    grant: Grant
    used_s: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    over_s: float | None = None
    take_id: str | None = None
    next_seq: int = 0
    ids: set[str] = field(default_factory=set)
    size: int = 0
    before: Standing | None = None


class LogKeeper:
    """Can seal, through its recorder, and nothing else. `ticks`: seconds of a clock that only runs on."""

    def __init__(self, core: Core, recorder: Recorder, ticks: Callable[[], float] = time.monotonic) -> None:
        self._core = core
        self._recorder = recorder
        self._ticks = ticks
        self._open: dict[Grant, _Open] = {}
        self._pace = Pace(BATCHES_AT_ONCE_MAX, BATCH_EVERY_S, ticks)
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to watch for logs that are over. Call once, on the loop that serves."""
        self._watching = asyncio.create_task(self._watch(), name="logs-watch")

    async def close(self) -> None:
        """Ends the takes of every log; before the recorder is closed."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self._end_all({own.grant: EndCause.SERVER_STOPPED for own in self._open.values()})

    def admit(self, token: str, session_id: str) -> Log:
        """The one log of the session that the token adds to. Raises TokenRefused, TooMany."""
        of, which = self._read(token)
        if of != session_id:
            raise TokenRefused(
                "This token is another session's.", "Send the token of the session in the address."
            )
        self._pace.demand_turn((session_id, which))
        return which

    async def keep(self, session_id: str, batch: Batch) -> Kept:
        """Whole or not at all; what was kept before is not kept again. It goes on if the caller leaves.

        Raises NotFound, Denied, WrongState (the log is closed or full), Unavailable (send it again later).
        """
        return await asyncio.shield(asyncio.ensure_future(self._keep(session_id, batch)))

    async def end_due(self) -> None:
        """Ends the logs whose session is over, or of which nothing came for long."""
        now_s = self._ticks()
        over = await self._recorder.ended({grant.session_id for grant in self._open})
        due = {}
        for grant, own in self._open.items():
            if grant.session_id in over and own.over_s is None:
                own.over_s = now_s
            if own.over_s is not None and now_s - own.over_s >= LAST_EVENTS_S:
                due[grant] = EndCause.SESSION_ENDED
            elif now_s - own.used_s >= IDLE_S_MAX:
                due[grant] = EndCause.STOPPED
        await self._end_all(due)

    def _read(self, token: str) -> tuple[str, Log]:
        links = self._core.links
        with contextlib.suppress(TokenRefused):
            return links.read_answers(token), Log.ANSWERS
        return links.read_events(token), Log.ACTIVITY

    async def _keep(self, session_id: str, batch: Batch) -> Kept:
        ids = list(dict.fromkeys(str(event.id) for event in batch.events))
        async with self._own(Grant(session_id, Log(batch.log).kind)) as own:
            stands = await asyncio.to_thread(self._standing, session_id, Log(batch.log), ids)
            fresh = [one for one in ids if one not in stands.known and one not in own.ids]
            if fresh:
                await self._store(own, batch, fresh, stands)
        return Kept(len(fresh), len(batch.events) - len(fresh))

    async def _store(self, own: _Open, batch: Batch, ids: list[str], stands: Standing) -> None:
        if own.take_id is None and not stands.recording:
            raise logs.closed()
        received = self._core.clock()
        data = logs.encode(batch, ids, received)
        if own.take_id is None:
            own.before = stands
        logs.demand_room(_with_uncommitted(own, stands), len(ids), len(data))
        times = [
            to_unix_ms(placed(event.at, batch.sent_at, received))
            for event in batch.events
            if str(event.id) in ids
        ]
        start, length = min(times), max(1, max(times) - min(times))
        if own.take_id is None:
            own.take_id = await self._recorder.begin(own.grant, LOG_MEDIA_TYPE, start)
        await self._recorder.store(own.take_id, MediaSegment(own.next_seq, start, length, data, tuple(ids)))
        own.next_seq += 1
        own.size += len(data)
        own.ids.update(ids)

    def _standing(self, session_id: str, which: Log, ids: list[str]) -> Standing:
        with available(), self._core.db.read() as db:
            check_none(db)
            return logs.standing(db, session_id, which, ids)

    @contextlib.asynccontextmanager
    async def _own(self, grant: Grant) -> AsyncIterator[_Open]:
        """The log, for one batch at a time, and still ours once it is this one's turn."""
        while True:
            own = self._open.setdefault(grant, _Open(grant, self._ticks()))
            async with own.lock:
                if self._open.get(grant) is own:
                    own.used_s = self._ticks()
                    try:
                        yield own
                    finally:
                        if own.take_id is None:
                            del self._open[grant]
                    return

    async def _end_all(self, causes: dict[Grant, EndCause]) -> None:
        await asyncio.gather(*(self._end(grant, cause) for grant, cause in causes.items()))

    async def _end(self, grant: Grant, cause: EndCause) -> None:
        async with self._own(grant) as own:
            if own.take_id is not None:
                await self._recorder.end(own.take_id, cause, to_unix_ms(self._core.clock()))
                own.take_id = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            try:
                await self.end_due()
            except Unavailable as error:
                log.warning("logs.watch-unavailable", detail=error.detail)
            except Exception:
                log.exception("logs.watch-failed")


def _with_uncommitted(own: _Open, stands: Standing) -> Standing:
    """State of the log, with what was accepted and is not committed yet."""
    assert own.before is not None
    return replace(
        stands,
        events=max(stands.events, own.before.events + len(own.ids)),
        bytes=max(stands.bytes, own.before.bytes + own.size),
    )
