"""Recorder of what pages send late, over the core and the vault."""

import asyncio

from capture.recorder import Grant, MediaSegment
from capture.spool.takes import Takes
from capture.unavailable import available
from proctoring.core import Core
from proctoring.errors import Unavailable
from proctoring.recordings import late
from proctoring.recordings.late import Missing
from proctoring.recordings.model import EndCause


class VaultLateRecorder:
    """A `capture.late.recorder.LateRecorder`."""

    def __init__(self, core: Core, takes: Takes) -> None:
        self._core = core
        self._takes = takes

    async def admit(self, token: str) -> Grant:
        """See LateRecorder: for LATE_WAIT beyond the session's window."""
        return Grant.of(self._core.links.read_ingest(token, late.LATE_WAIT))

    async def announce(self, grant: Grant, holding: bool) -> Missing:
        """See LateRecorder."""
        return await asyncio.to_thread(self._announce, grant, holding)

    async def missing(self, grant: Grant) -> Missing:
        """See LateRecorder."""
        unit_id = (await asyncio.to_thread(self._missing, grant)).unit_id
        if not await self.committed(unit_id):
            raise Unavailable("What was received before is still being stored.", "Try again in a while.")
        return await asyncio.to_thread(self._missing, grant)

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """See LateRecorder."""
        begun = await self._takes.begin(
            lambda db: late.begin_late_take(
                db, self._core, grant.session_id, grant.stream, media_type, start_unix_ms=start_unix_ms
            )
        )
        return begun.take.id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See LateRecorder."""
        await self._takes.store(take_id, segment)

    async def end(self, take_id: str) -> None:
        """See LateRecorder."""
        await self._takes.end(take_id, EndCause.STOPPED)

    async def committed(self, unit_id: str) -> bool:
        """See LateRecorder."""
        return await self._takes.committed(unit_id)

    def _announce(self, grant: Grant, holding: bool) -> Missing:
        missing = self._missing(grant)
        if missing.open and late.is_news(missing, holding, self._core.clock()):
            with available(), self._core.db.begin() as db:
                late.expect(db, self._core, grant.session_id, grant.stream, holding)
        return missing

    def _missing(self, grant: Grant) -> Missing:
        with available(), self._core.db.read() as db:
            return late.missing(db, self._core, grant.session_id, grant.stream)
