"""Where a finished segment goes: sealed in memory, put into the object store, registered as a leaf.

Invariant: the plaintext of a segment is never written anywhere. Object first, leaf second; the leaf's
commit is the acknowledgement. All of it runs on a thread, never on the event loop.
"""

import asyncio

import structlog

from capture.recorder import Grant, MediaSegment
from proctoring.core import Core
from proctoring.errors import Unavailable
from proctoring.recordings import service as recordings
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import BegunTake, SealedSegment
from proctoring.sessions import service as sessions
from proctoring.sessions.model import SessionEvent, SessionState, after
from storage.errors import ObjectExists, StoreFailed
from storage.manifest import digest
from storage.naming import segment_key, unit_prefix
from storage.objects import ObjectStore

log = structlog.get_logger()


class VaultRecorder:
    """A `capture.recorder.Recorder` over the core and the vault. Can seal, never open or destroy."""

    def __init__(self, core: Core, objects: ObjectStore) -> None:
        self._core = core
        self._objects = objects
        self._takes: dict[str, BegunTake] = {}
        self._unacknowledged: dict[str, bytes] = {}

    async def admit(self, token: str) -> Grant:
        """See Recorder. A publisher with a valid token admits an invited session."""
        return await asyncio.to_thread(self._admit, token)

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """See Recorder."""
        begun = await asyncio.to_thread(self._begin, grant, media_type, start_unix_ms)
        self._takes[begun.take.id] = begun
        return begun.take.id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See Recorder."""
        await asyncio.to_thread(self._store, self._takes[take_id], segment)

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """See Recorder. The take's key is forgotten here."""
        begun = self._takes.pop(take_id, None)
        if begun is not None:
            begun.sealer.forget()
            prefix = unit_prefix(begun.take.unit_id)
            for key in [key for key in self._unacknowledged if key.startswith(f"{prefix}{take_id}/")]:
                del self._unacknowledged[key]
        await asyncio.to_thread(self._end, take_id, cause)

    async def ended(self, session_ids: set[str]) -> set[str]:
        """See Recorder."""
        return await asyncio.to_thread(self._ended, session_ids)

    def _admit(self, token: str) -> Grant:
        session_id, stream = self._core.links.read_ingest(token)
        with self._core.db.begin() as db:
            session = sessions.load(db, session_id)
            if session.state is SessionState.INVITED:
                session = sessions.admit(db, self._core, session_id)
            after(session.state, SessionEvent.BEGIN)
        return Grant(session_id, stream)

    def _begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> BegunTake:
        with self._core.db.begin() as db:
            return recordings.begin_take(
                db, self._core, grant.session_id, grant.stream, media_type, start_unix_ms
            )

    def _store(self, begun: BegunTake, segment: MediaSegment) -> None:
        take = begun.take
        key = segment_key(take.unit_id, take.id, segment.seq)
        # A second try must name the very bytes that the first may have stored already.
        sealed = self._unacknowledged.get(key) or begun.sealer.seal(
            segment.seq, take.media_type, segment.data
        )
        self._unacknowledged[key] = sealed
        try:
            self._objects.put(key, sealed)
        except ObjectExists:
            log.info("segment.stored_before", take=take.id, seq=segment.seq)
        except StoreFailed as error:
            raise Unavailable(str(error), "The store is away; try again.") from error
        leaf = SealedSegment(
            segment.seq, digest(sealed), len(sealed), segment.start_unix_ms, segment.duration_ms
        )
        with self._core.db.begin() as db:
            recordings.register(db, self._core, take.id, leaf)
        del self._unacknowledged[key]

    def _end(self, take_id: str, cause: EndCause) -> None:
        with self._core.db.begin() as db:
            recordings.end_take(db, self._core, take_id, cause)

    def _ended(self, session_ids: set[str]) -> set[str]:
        over = (SessionState.ENDED, SessionState.EXPIRED)
        with self._core.db.read() as db:
            return {session_id for session_id in session_ids if sessions.load(db, session_id).state in over}
