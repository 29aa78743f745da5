"""Reports the state of this process's spool to the database.

It does so at once when the process stops or starts again to accept segments, otherwise every TELL_S. The
staff's pages and the front's `/metrics` have no access to the disk and read it from there.
"""

import asyncio
import contextlib
import time
from typing import Protocol

import structlog

from capture.errors import SpoolFull
from capture.spool.spool import Spool
from capture.unavailable import available
from proctoring.core import Core
from proctoring.errors import Unavailable
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble

log = structlog.get_logger()

LOOK_S = 1.0
TELL_S = 15.0


class Media(Protocol):
    """Figures about media that is not in the spool yet, or was lost. `capture.publish.ingests.Ingests` is
    one."""

    @property
    def waiting_bytes(self) -> int: ...

    @property
    def datagrams_lost(self) -> int: ...

    @property
    def sounds_lost(self) -> int: ...


class SpoolReport:
    """Looks every LOOK_S. Never raises: without a database it reports as soon as that is back."""

    def __init__(self, core: Core, spool: Spool, media: Media) -> None:
        self._core = core
        self._spool = spool
        self._media = media
        self._trouble: Trouble | None = None
        self._tell_at_s = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._looking = asyncio.create_task(self._look(), name="spool-report")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def look(self) -> None:
        """Looks once."""
        trouble = await asyncio.to_thread(self._spool.trouble)
        if trouble is not self._trouble:
            self._say(trouble)
            self._trouble, self._tell_at_s = trouble, 0.0
        if time.monotonic() >= self._tell_at_s:
            await asyncio.to_thread(self._tell, self._told(trouble))
            self._tell_at_s = time.monotonic() + TELL_S

    async def _look(self) -> None:
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.warning("spool.untold", detail=error.detail)
            except Exception:
                log.exception("spool.untold")
            await asyncio.sleep(LOOK_S)

    def _say(self, trouble: Trouble | None) -> None:
        if trouble is None:
            log.info("spool.accepts-again")
            return
        try:
            self._spool.check()
        except SpoolFull as error:
            log.error("spool.accepts-nothing", detail=error.detail, remedy=error.remedy)

    def _told(self, trouble: Trouble | None) -> Told:
        spool, media = self._spool, self._media
        lost = media.datagrams_lost, media.sounds_lost
        return Told(trouble, spool.free_bytes, spool.depth_bytes, media.waiting_bytes, *lost)

    def _tell(self, told: Told) -> None:
        with available(), self._core.db.begin() as db:
            spools.tell(db, self._core, self._spool.id, told)
