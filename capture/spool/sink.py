"""Way of a finished segment: sealed in memory, accepted by the spool, from there committed in order.

Invariant: the plaintext of a segment is never written anywhere, and what was accepted is never lost: it is in
the spool until object and manifest leaf are committed. Blocking work runs on threads, never on the loop.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from capture.away import available, full, unwritable
from capture.errors import SpoolFull
from capture.recorder import Grant, MediaSegment
from capture.refused import telling
from capture.spool.drain import Drain
from capture.spool.ends import Ends
from capture.spool.entry import SpooledEnd, SpooledSegment
from capture.spool.gather import Gather
from capture.spool.reached import Reached
from capture.spool.spool import Spool
from capture.spool.worker import DRAIN_THREADS, DRAIN_THREADS_SQLITE, RETRY_S, SpoolWorker
from proctoring.clock import to_unix_ms
from proctoring.core import Core
from proctoring.errors import Unavailable, WrongState
from proctoring.quarantine.service import check_none
from proctoring.recordings import identity_images, late, running
from proctoring.recordings import service as recordings
from proctoring.recordings.late import Missing
from proctoring.recordings.leaves import longest
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import BegunTake
from proctoring.sessions import service as sessions
from proctoring.sessions.model import SessionEvent, SessionState, after
from proctoring.units import keys as unit_keys
from storage.objects.store import ObjectStore
from storage.proofs.manifest import digest

log = structlog.get_logger()

START_S_MAX = 10.0  # how long a start waits for what an earlier process left, while the parts are there
END_S_MAX = 5.0  # how long the end of a take waits for its commit, while the parts are there
CLOSE_S_MAX = 5.0
HEARD_EVERY_S = 60.0


class VaultRecorder:
    """A `capture.recorder.Recorder` over the core and the vault. Can seal, never open or destroy."""

    def __init__(self, core: Core, objects: ObjectStore, spool: Spool, *, retry_s: float = RETRY_S) -> None:
        self.spool = spool
        self._core = core
        self._takes: dict[str, BegunTake] = {}
        self._reached = Reached()
        self._ends = Ends(spool)
        self._retry_s = retry_s
        self._accepting = Gather(self._accept)
        self._drain = Drain(core, objects, spool)
        threads = DRAIN_THREADS_SQLITE if core.db.engine.dialect.name == "sqlite" else DRAIN_THREADS
        self._worker = SpoolWorker(
            spool, self._drain.step, self._drain.together, threads=threads, retry_s=retry_s
        )
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Commits what an earlier process had accepted, then ends its takes as SERVER_STOPPED.

        Returns once that is done, or when a part turns out to be away; it then goes on in the background, and
        no take ends before its segments are committed. Raises SpoolTaken; Unavailable without a database, or
        for a spool that can neither be read nor made.
        """
        try:
            await asyncio.to_thread(self.spool.open)
        except OSError as error:
            raise unwritable(error) from error
        await asyncio.to_thread(self._ends.recover, self._core)
        await asyncio.to_thread(self._say_still_here)
        self._worker.start()
        emptied = [asyncio.wrap_future(self._worker.emptied(unit)) for unit in self.spool.lanes()]
        if emptied:
            await asyncio.wait(emptied, timeout=START_S_MAX)
        self._watching = [
            asyncio.create_task(self._be_heard(), name="takes-heard"),
            asyncio.create_task(self._write_ends(), name="takes-ended"),
        ]

    async def close(self) -> None:
        """Stops committing; what still waits is committed at the next start."""
        for task in self._watching:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._watching = []
        await asyncio.to_thread(self._worker.close, CLOSE_S_MAX)
        self.spool.close()

    def check(self) -> None:
        """For `/readyz`: raises while nothing can be accepted, while much waits in the spool, or waits for
        long, or a stream's segments cannot be committed."""
        self.spool.check()
        self._worker.check()

    def keeps(self) -> bool:
        """See `capture.stills.Stills`."""
        return self.spool.trouble() is None

    def accepted_until(self, session_id: str) -> Mapping[str, datetime]:
        """See `capture.stills.Stills`."""
        takes = [one.take for one in self._takes.copy().values()]
        return self._reached.of(one.id for one in takes if one.session_id == session_id)

    def figures(self) -> dict[str, int]:
        """For `/metrics`: what waits now, and how often what happened (`capture.spool.spool`)."""
        waits = {"bytes": self.spool.depth_bytes, "entries": len(self.spool)}
        return waits | dict(self.spool.counters)

    async def recognise(self, token: str) -> Grant:
        """See Recorder."""
        return Grant.of(self._core.links.read_ingest(token))

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
        await self._accepting.add((self._takes[take_id], segment))
        self._reached.note(take_id, segment)
        self._worker.wake()

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """See Recorder. The take's key is forgotten here; an end that the disk does not take is not."""
        begun = self._takes.get(take_id)
        if begun is None:
            return
        begun.sealer.forget()
        await asyncio.to_thread(self._end, begun, cause)
        self._takes.pop(take_id, None)
        self._reached.forget(take_id)
        await self.committed(begun.take.unit_id)

    async def admit_late(self, token: str) -> Grant:
        """What the token allows to fill, for LATE_WAIT beyond the session's window. Raises TokenRefused."""
        return Grant.of(self._core.links.read_ingest(token, late.LATE_WAIT))

    async def announce(self, grant: Grant, holding: bool) -> Missing:
        """What is missing of a stream, told to a page that says whether it holds something. Raises NotFound,
        Unavailable."""
        return await asyncio.to_thread(self._announce, grant, holding)

    async def missing(self, grant: Grant) -> Missing:
        """What is missing once all that was accepted before is committed. Raises NotFound, and Unavailable
        when that does not happen soon."""
        unit_id = (await asyncio.to_thread(self._missing, grant)).unit_id
        if not await self.committed(unit_id):
            raise Unavailable("What was received before is still being stored.", "Try again in a while.")
        return await asyncio.to_thread(self._missing, grant)

    async def begin_late(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """Opens a take for what arrives late. Raises WrongState, NotFound, Unavailable."""
        begun = await asyncio.to_thread(self._begin_late, grant, media_type, start_unix_ms)
        self._takes[begun.take.id] = begun
        return begun.take.id

    async def committed(self, unit_id: str) -> bool:
        """Whether all that was accepted of a unit is committed; waits for it while the parts are there."""
        emptied = asyncio.wrap_future(self._worker.emptied(unit_id))
        done, _ = await asyncio.wait([emptied], timeout=END_S_MAX)
        return bool(done) and emptied.result()

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """See `capture.stills.Stills`."""
        now_ms = to_unix_ms(self._core.clock())
        begun = await asyncio.to_thread(self._begin_image, session_id, now_ms)
        self._takes[begun.take.id] = begun
        cause = EndCause.STORE_FAILED
        try:
            await self._accepting.add((begun, MediaSegment(0, now_ms, 0, jpeg)))
            cause = EndCause.STOPPED
        finally:
            await self.end(begun.take.id, cause, now_ms)

    async def ended(self, session_ids: set[str]) -> set[str]:
        """See Recorder."""
        return await asyncio.to_thread(self._ended, session_ids)

    def _admit(self, token: str) -> Grant:
        grant = Grant.of(self._core.links.read_ingest(token))
        self._demand_room()
        with telling(self._core), available(), self._core.db.begin() as db:
            check_none(db)
            session = sessions.load(db, grant.session_id)
            if session.state is SessionState.INVITED:
                session = sessions.admit(db, self._core, grant.session_id)
            after(session.state, SessionEvent.BEGIN)
            unit = recordings.unit_of(db, grant.session_id, grant.stream)
            unit_keys.check(self._core, unit.public())
        return grant

    def _demand_room(self) -> None:
        try:
            self.spool.demand_room()
        except SpoolFull as error:
            raise full(error) from error

    def _begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> BegunTake:
        begun: BegunTake | None = None
        try:
            with telling(self._core), available(), self._core.db.begin() as db:
                begun = recordings.begin_take(
                    db, self._core, grant.session_id, grant.stream, media_type, start_unix_ms
                )
                running.keep_in(db, begun.take.id, self.spool.id)
        except Unavailable:
            if begun is not None:
                # Perhaps only the commit's answer was lost; a take that nobody knows of would never end.
                self._end(begun, EndCause.STORE_FAILED)
            raise
        return begun

    def _begin_late(self, grant: Grant, media_type: str, start_unix_ms: int) -> BegunTake:
        with telling(self._core), available(), self._core.db.begin() as db:
            begun = late.begin_late_take(
                db, self._core, grant.session_id, grant.stream, media_type, start_unix_ms
            )
            running.keep_in(db, begun.take.id, self.spool.id)
            return begun

    def _announce(self, grant: Grant, holding: bool) -> Missing:
        missing = self._missing(grant)
        if missing.open and late.is_news(missing, holding, self._core.clock()):
            with available(), self._core.db.begin() as db:
                late.expect(db, self._core, grant.session_id, grant.stream, holding)
        return missing

    def _missing(self, grant: Grant) -> Missing:
        with available(), self._core.db.read() as db:
            return late.missing(db, self._core, grant.session_id, grant.stream)

    def _begin_image(self, session_id: str, now_ms: int) -> BegunTake:
        self._demand_room()
        with telling(self._core), available(), self._core.db.begin() as db:
            begun = identity_images.begin_image(db, self._core, session_id, now_ms)
            running.keep_in(db, begun.take.id, self.spool.id)
            return begun

    def _accept(self, segments: Sequence[tuple[BegunTake, MediaSegment]]) -> list[Exception | None]:
        """Seals them, then the spool has them; what is wrong with each. Raises Unavailable if the disk is."""
        errors: list[Exception | None] = [None] * len(segments)
        sealed: dict[int, tuple[SpooledSegment, bytes]] = {}
        for place, (begun, segment) in enumerate(segments):
            try:
                sealed[place] = self._sealed(begun, segment)
            except Exception as error:
                errors[place] = error
        try:
            self._ends.write()
            refused = self.spool.accept_all(list(sealed.values()))
        except OSError as error:
            raise unwritable(error) from error
        for place, refusal in zip(sealed, refused, strict=True):
            errors[place] = full(refusal) if isinstance(refusal, SpoolFull) else refusal
        return errors

    def _sealed(self, begun: BegunTake, segment: MediaSegment) -> tuple[SpooledSegment, bytes]:
        take = begun.take
        if take.id in self._drain.refused:
            raise WrongState("The recording is closed; nothing more is accepted.", "Stop publishing.")
        sealed = begun.sealer.seal(segment.seq, take.media_type, segment.data)
        facts = SpooledSegment(
            unit=take.unit_id,
            take=take.id,
            seq=segment.seq,
            media_type=take.media_type,
            ct_sha256=digest(sealed),
            ct_len=len(sealed),
            start_unix_ms=segment.start_unix_ms,
            duration_ms=segment.duration_ms,
            accepted_at=self._core.clock(),
            event_ids=segment.event_ids,
            absences=longest(segment.absences) if segment.absences else (),
        )
        return facts, sealed

    def _end(self, begun: BegunTake, cause: EndCause) -> None:
        self._ends.add(SpooledEnd(begun.take.unit_id, begun.take.id, cause, self._core.clock()))
        self._worker.wake()

    def _ended(self, session_ids: set[str]) -> set[str]:
        with available(), self._core.db.read() as db:
            return sessions.over(db, session_ids)

    async def _be_heard(self) -> None:
        while True:
            await asyncio.sleep(HEARD_EVERY_S)
            try:
                await asyncio.to_thread(self._say_still_here)
            except Exception:
                self.spool.counters["failures"] += 1
                log.exception("spool.not-heard")

    async def _write_ends(self) -> None:
        """What the disk did not take, as soon as it does."""
        while True:
            await asyncio.sleep(self._retry_s)
            with contextlib.suppress(OSError):
                if len(self._ends) and await asyncio.to_thread(self._ends.write):
                    self._worker.wake()

    def _say_still_here(self) -> None:
        self.spool.sweep(self._core.clock())
        if takes := self.spool.takes() | set(self._takes) | self._ends.takes():
            with available(), self._core.db.begin() as db:
                recordings.still_here(db, self._core, takes)
