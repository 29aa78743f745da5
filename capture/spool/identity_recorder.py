"""Recorder of identity images, over the core and the vault. Each image is a separate take."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from capture.recorder import MediaSegment
from capture.spool.spool import Spool
from capture.spool.takes import Takes
from proctoring.clock import to_unix_ms
from proctoring.core import Core
from proctoring.recordings import identity_images
from proctoring.recordings.model import EndCause


class VaultIdentityRecorder:
    """A `capture.identity_recorder.IdentityRecorder`."""

    def __init__(self, core: Core, spool: Spool, takes: Takes) -> None:
        self._core = core
        self._spool = spool
        self._takes = takes

    def keeps(self) -> bool:
        """See Accepting."""
        return self._spool.trouble() is None

    def accepted_until(self) -> Mapping[str, datetime]:
        """See Accepting."""
        return self._takes.accepted_until()

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """See IdentityRecorder."""
        now_ms = to_unix_ms(self._core.clock())
        await asyncio.to_thread(self._takes.demand_room)
        begun = await self._takes.begin(
            lambda db: identity_images.begin_image(db, self._core, session_id, now_ms)
        )
        take_id = begun.take.id
        cause = EndCause.STORE_FAILED
        try:
            await self._takes.store(take_id, MediaSegment(0, now_ms, 0, jpeg))
            cause = EndCause.STOPPED
        finally:
            await self._takes.end(take_id, cause)
