"""Wraps the real recorder: each segment it has accepted is also measured, where the exam has opted in.

Guarantee: a take is recorded in the same way with or without measuring. A sheet that cannot be put or
registered is counted and dropped, and so is an answer that comes after the take's end. Nothing is put after
the end of a take, so nothing appears in a closed unit.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field

import structlog

from capture.recorder import Grant, MediaSegment, Recorder
from capture.refused import telling
from capture.signals.rules import Tracker
from capture.signals.watch import Watch
from capture.signals.wire import Answer, Question
from capture.unavailable import available
from proctoring.core import Core
from proctoring.errors import CoreError, WrongState
from proctoring.recordings.model import EndCause
from proctoring.signals import service as signals
from proctoring.signals.model import Sheet, Thumbnail
from proctoring.signals.service import Flagged, Watched
from storage.objects.store import ObjectStore

log = structlog.get_logger()

LOOKS_PER_SHEET = 10  # of about 4 s each: what a crash of this process costs
THUMBNAILS_PER_SHEET_MAX = 40  # while a store is away, thumbnails beyond are lost, and signals are not
LAST_SHEET_S_MAX = 5.0  # how long the end of a take waits for its last look and its last sheet


@dataclass(slots=True)
class _Looking:
    """One take that is looked at: at most one question of it waits, at most one sheet is on its way."""

    watched: Watched
    tracker: Tracker
    asked: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)  # of what was asked
    over: bool = False
    gist: bytes = b""
    thumbnails: list[Thumbnail] = field(default_factory=list)
    looks: int = 0
    start_ms: int | None = None
    end_ms: int = 0
    flagged: Flagged = field(default_factory=dict)
    putting: asyncio.Task[None] | None = None


class WatchingRecorder:
    """A `capture.recorder.Recorder` over another one."""

    def __init__(self, core: Core, objects: ObjectStore, recorder: Recorder, watch: Watch) -> None:
        self._core = core
        self._objects = objects
        self._recorder = recorder
        self._watch = watch
        self._takes: dict[str, _Looking] = {}

    async def recognise(self, token: str) -> Grant:
        """See Recorder."""
        return await self._recorder.recognise(token)

    async def admit(self, token: str) -> Grant:
        """See Recorder."""
        return await self._recorder.admit(token)

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """See Recorder."""
        take_id = await self._recorder.begin(grant, media_type, start_unix_ms)
        watched = await asyncio.to_thread(self._watched, take_id)
        if watched is not None:
            self._takes[take_id] = _Looking(watched, Tracker(watched.stream))
        return take_id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See Recorder."""
        await self._recorder.store(take_id, segment)
        looking = self._takes.get(take_id)
        if looking is None:
            return
        if looking.asked:
            self._watch.counters["dropped"] += 1
            return
        looking.heard.clear()
        start_ms = max(0, segment.start_unix_ms - looking.watched.started_unix_ms)
        end_ms = start_ms + segment.duration_ms
        looking.asked = self._watch.offer(
            Question(looking.watched.stream, looking.gist, segment.data),
            lambda answer: self._looked(looking, start_ms, end_ms, answer),
        )

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """See Recorder."""
        looking = self._takes.pop(take_id, None)
        if looking is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._last_sheet(looking), LAST_SHEET_S_MAX)
            looking.over = True
        await self._recorder.end(take_id, cause, end_unix_ms)

    async def ended(self, session_ids: set[str]) -> set[str]:
        """See Recorder."""
        return await self._recorder.ended(session_ids)

    def _looked(self, looking: _Looking, start_ms: int, end_ms: int, answer: Answer | None) -> None:
        looking.asked = False
        looking.heard.set()
        if answer is None or looking.over:
            return
        looking.tracker.take(start_ms, end_ms, answer.figures)
        if answer.thumbnail and len(looking.thumbnails) < THUMBNAILS_PER_SHEET_MAX:
            looking.thumbnails.append(Thumbnail(start_ms, answer.thumbnail))
        looking.gist = answer.gist
        looking.start_ms = start_ms if looking.start_ms is None else looking.start_ms
        looking.end_ms = end_ms
        looking.looks += 1
        if looking.looks >= LOOKS_PER_SHEET and (looking.putting is None or looking.putting.done()):
            self._turn(looking)

    async def _last_sheet(self, looking: _Looking) -> None:
        if looking.asked:
            await looking.heard.wait()
        if looking.putting is not None:
            await asyncio.wait([looking.putting])
        if looking.start_ms is not None:
            await asyncio.wait([self._turn(looking)])

    def _turn(self, looking: _Looking) -> asyncio.Task[None]:
        """Puts what was gathered, and begins a new sheet."""
        assert looking.start_ms is not None
        sheet = Sheet(
            looking.watched.stream,
            looking.start_ms,
            looking.end_ms,
            tuple(looking.tracker.signals),
            tuple(looking.thumbnails),
        )
        looking.thumbnails, looking.looks, looking.start_ms = [], 0, None
        looking.putting = asyncio.create_task(self._keep(looking, sheet))
        return looking.putting

    async def _keep(self, looking: _Looking, sheet: Sheet) -> None:
        try:
            looking.flagged = await asyncio.to_thread(self._put, looking, sheet)
            self._watch.counters["sheets-kept"] += 1
        except Exception as error:
            # Whatever is the matter with a sheet is not the recording's matter.
            self._watch.counters["sheets-lost"] += 1
            log.warning("signals.sheet-lost", take=looking.watched.take_id, error=type(error).__name__)

    def _put(self, looking: _Looking, sheet: Sheet) -> Flagged:
        take = looking.watched
        with telling(self._core):
            sealed = signals.seal_sheet(self._core, take, sheet)
        with available(), self._core.db.read() as db:
            signals.check_open(db, take.unit_id)
        if looking.over:
            raise WrongState("The take has ended.")
        with available():
            self._objects.put(sealed.object_key, sealed.sealed)
            return self._core.db.transact(
                lambda db: signals.register_sheet(
                    db, self._core, take, sheet=sealed, signals=sheet.signals, flagged=looking.flagged
                )
            )

    def _watched(self, take_id: str) -> Watched | None:
        try:
            with available(), self._core.db.read() as db:
                return signals.watched(db, take_id)
        except CoreError as error:
            log.warning("signals.not-watched", take=take_id, error=type(error).__name__)
            return None
