"""Trying the devices days before the exam, through a real ingest that keeps nothing.

Invariant: nothing of a rehearsal is written anywhere, neither what was filmed nor that it took place. What
arrives is counted and let go; the figures live in this process's memory, and go with the rehearsal's end.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from capture.publish import whip
from capture.publish.ingests import Ingests
from capture.publish.relay import Relays
from capture.recorder import Grant, MediaSegment
from capture.unavailable import available
from proctoring.core import Core
from proctoring.errors import WrongState
from proctoring.recordings.model import EndCause
from proctoring.sessions import service as sessions
from proctoring.sessions.model import NOT_BEGUN

REHEARSAL_S_MAX = 120.0
"""After this a rehearsal is ended, so that nobody occupies an exam's room."""
REHEARSALS_MAX = 16
ID_BYTES = 9
PREFIX = "/rehearsal"
BODIES = tuple(replace(one, path=PREFIX + one.path) for one in whip.BODIES)


@dataclass(slots=True)
class Heard:
    """How much of one rehearsal has arrived. No picture, no sound."""

    session_id: str
    began_s: float
    bytes: int = 0
    segments: int = 0


class ForgetfulRecorder:
    """A `capture.recorder.Recorder` that lets everything go. Reads the database, never writes to it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._takes: dict[str, Heard] = {}

    async def recognise(self, token: str) -> Grant:
        """See Recorder."""
        return Grant.of(self._core.links.read_rehearsal(token))

    async def admit(self, token: str) -> Grant:
        """See Recorder. Raises TokenRefused, WrongState once the exam has begun or is over."""
        return await asyncio.to_thread(self._admit, token)

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """See Recorder."""
        take_id = secrets.token_hex(ID_BYTES)
        self._takes[take_id] = Heard(grant.session_id, time.monotonic())
        return take_id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """Counts the segment and lets it go."""
        heard = self._takes[take_id]
        heard.segments += 1
        heard.bytes += len(segment.data)

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """Forgets the take."""
        self._takes.pop(take_id, None)

    async def ended(self, session_ids: set[str]) -> set[str]:
        """Which have lasted REHEARSAL_S_MAX."""
        long_ago = time.monotonic() - REHEARSAL_S_MAX
        return {heard.session_id for heard in self._takes.values() if heard.began_s < long_ago} & session_ids

    def heard(self, session_id: str) -> Heard | None:
        """What has arrived of the rehearsal that is under way."""
        return next((heard for heard in self._takes.values() if heard.session_id == session_id), None)

    def _admit(self, token: str) -> Grant:
        grant = Grant.of(self._core.links.read_rehearsal(token))
        with available(), self._core.db.read() as db:
            state = sessions.load(db, grant.session_id).state
        if state not in NOT_BEGUN:
            raise WrongState(f"The session is {state.value}; nothing is rehearsed.", "Go on to the exam.")
        return grant


def routes(recorder: ForgetfulRecorder, ingests: Ingests, core: Core, relays: Relays | None) -> APIRouter:
    """`/rehearsal/whip`, and how much of it has arrived."""
    router = APIRouter(prefix=PREFIX)
    router.include_router(whip.routes(ingests, relays), include_in_schema=False)

    @router.get("/heard.json", include_in_schema=False)
    def heard(request: Request) -> JSONResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        session_id, _ = core.links.read_rehearsal(token)
        found = recorder.heard(session_id) or Heard(session_id, 0.0)
        return JSONResponse({"segments": found.segments, "bytes": found.bytes})

    return router
