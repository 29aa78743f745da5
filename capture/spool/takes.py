"""Takes that this process records: begun, their segments sealed in memory and accepted by the spool, ended.

Invariant: the plaintext of a segment is never written anywhere. An accepted segment is never lost: it is in
the spool until object and manifest leaf are committed. Blocking work runs on threads, never on the loop.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session as Db

from capture.errors import SpoolFull
from capture.recorder import MediaSegment
from capture.refused import telling
from capture.spool.ends import Ends
from capture.spool.entry import SpooledEnd, SpooledSegment
from capture.spool.gather import Gather
from capture.spool.lane_threads import LaneThreads
from capture.spool.reached import Reached
from capture.spool.spool import Spool
from capture.unavailable import available, full, unwritable
from proctoring.core import Core
from proctoring.errors import Unavailable, WrongState
from proctoring.recordings import take_owners
from proctoring.recordings.leaves import longest
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import BegunTake
from storage.proofs.manifest import digest

END_S_MAX = 5.0  # how long the end of a take waits for its commit, while the parts are there


class Takes:
    """Can seal, never open or destroy. `refused`: takes of which nothing more is kept."""

    def __init__(
        self, core: Core, spool: Spool, ends: Ends, lane_threads: LaneThreads, refused: Collection[str]
    ) -> None:
        self._core = core
        self._spool = spool
        self._ends = ends
        self._lane_threads = lane_threads
        self._refused = refused
        self._open: dict[str, BegunTake] = {}
        self._reached = Reached()
        self._accepting = Gather(self._accept)

    def ids(self) -> set[str]:
        """The takes that have not ended."""
        return set(self._open)

    def demand_room(self) -> None:
        """Raises Unavailable while so much waits that no new take should begin."""
        try:
            self._spool.demand_room()
        except SpoolFull as error:
            raise full(error) from error

    def accepted_until(self) -> Mapping[str, datetime]:
        """See `capture.identity_recorder.Accepting`."""
        return self._reached.of(self._open.copy())

    async def begin(self, begin: Callable[[Db], BegunTake]) -> BegunTake:
        """Opens the take that `begin` makes in its transaction. Raises what it raises, KeyRefused, and
        Unavailable."""
        begun = await asyncio.to_thread(self._begin, begin)
        self._open[begun.take.id] = begun
        return begun

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See `capture.recorder.Recorder`."""
        await self._accepting.add((self._open[take_id], segment))
        self._reached.note(take_id, segment)
        self._lane_threads.wake()

    async def end(self, take_id: str, cause: EndCause) -> None:
        """See `capture.recorder.Recorder`. The take's key is forgotten here; an end that the disk does not
        take is not."""
        begun = self._open.get(take_id)
        if begun is None:
            return
        begun.sealer.forget()
        await asyncio.to_thread(self._end, begun, cause)
        self._open.pop(take_id, None)
        self._reached.forget(take_id)
        await self.committed(begun.take.unit_id)

    async def committed(self, unit_id: str) -> bool:
        """Whether all that was accepted of a unit is committed; waits for it while the parts are there."""
        emptied = asyncio.wrap_future(self._lane_threads.emptied(unit_id))
        done, _ = await asyncio.wait([emptied], timeout=END_S_MAX)
        return bool(done) and emptied.result()

    def _begin(self, begin: Callable[[Db], BegunTake]) -> BegunTake:
        begun: BegunTake | None = None
        try:
            with telling(self._core), available(), self._core.db.begin() as db:
                begun = begin(db)
                take_owners.note_spool(db, begun.take.id, self._spool.id)
        except Unavailable:
            if begun is not None:
                # Perhaps only the commit's answer was lost; a take that nobody knows of would never end.
                self._end(begun, EndCause.STORE_FAILED)
            raise
        return begun

    def _end(self, begun: BegunTake, cause: EndCause) -> None:
        self._ends.add(SpooledEnd(begun.take.unit_id, begun.take.id, cause, self._core.clock()))
        self._lane_threads.wake()

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
            refused = self._spool.accept_all(list(sealed.values()))
        except OSError as error:
            raise unwritable(error) from error
        for place, refusal in zip(sealed, refused, strict=True):
            errors[place] = full(refusal) if isinstance(refusal, SpoolFull) else refusal
        return errors

    def _sealed(self, begun: BegunTake, segment: MediaSegment) -> tuple[SpooledSegment, bytes]:
        take = begun.take
        if take.id in self._refused:
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
