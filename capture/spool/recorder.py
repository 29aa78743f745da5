"""Recorder of live streams and of logs, over the core and the vault."""

import asyncio

from capture.recorder import Grant, MediaSegment
from capture.refused import telling
from capture.spool.takes import Takes
from capture.unavailable import available
from proctoring.core import Core
from proctoring.quarantine.service import check_none
from proctoring.recordings import service as recordings
from proctoring.recordings.model import EndCause
from proctoring.sessions import service as sessions
from proctoring.sessions.model import SessionEvent, SessionState, after
from proctoring.units import keys as unit_keys


class VaultRecorder:
    """A `capture.recorder.Recorder`."""

    def __init__(self, core: Core, takes: Takes) -> None:
        self._core = core
        self._takes = takes

    async def recognise(self, token: str) -> Grant:
        """See Recorder."""
        return Grant.of(self._core.links.read_ingest(token))

    async def admit(self, token: str) -> Grant:
        """See Recorder. A publisher with a valid token admits an invited session."""
        return await asyncio.to_thread(self._admit, token)

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """See Recorder."""
        begun = await self._takes.begin(
            lambda db: recordings.begin_take(
                db, self._core, grant.session_id, grant.stream, media_type, start_unix_ms=start_unix_ms
            )
        )
        return begun.take.id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See Recorder."""
        await self._takes.store(take_id, segment)

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """See Recorder."""
        await self._takes.end(take_id, cause)

    async def ended(self, session_ids: set[str]) -> set[str]:
        """See Recorder."""
        return await asyncio.to_thread(self._ended, session_ids)

    def _admit(self, token: str) -> Grant:
        grant = Grant.of(self._core.links.read_ingest(token))
        self._takes.demand_room()
        with telling(self._core), available(), self._core.db.begin() as db:
            check_none(db)
            session = sessions.load(db, grant.session_id)
            if session.state is SessionState.INVITED:
                session = sessions.admit(db, self._core, grant.session_id)
            after(session.state, SessionEvent.BEGIN)
            unit = recordings.unit_of(db, grant.session_id, grant.stream)
            unit_keys.check(self._core, unit.public())
        return grant

    def _ended(self, session_ids: set[str]) -> set[str]:
        with available(), self._core.db.read() as db:
            return sessions.over(db, session_ids)
