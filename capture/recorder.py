"""Recorder, the one door through which finished segments go from the ingest to the core, and its in-memory
form.

The ingest knows sessions only through this protocol. Every time is Unix milliseconds of the server's clock.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol, Self

from proctoring.errors import TokenRefused, WrongState
from proctoring.exams.model import Stream
from proctoring.recordings.leaves import Absence as Absence
from proctoring.recordings.model import EndCause
from proctoring.units.model import UnitKind


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token allows: to publish this stream of this session, or to add to this log of it."""

    session_id: str
    stream: Stream | UnitKind

    @classmethod
    def of(cls, token: tuple[str, str]) -> Self:
        """What a token allows that names a session and a stream."""
        session_id, stream = token
        return cls(session_id, Stream(stream))


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """One complete .mp4 or .webm that plays alone; its internal timestamps start at 0. Or one batch of a log
    as JSON, with the ids of its events.

    Within a take `seq` counts from 0 and segments abut: `start_unix_ms + duration_ms` is the next one's
    start, unless there is a gap between. `absences`: where in that time picture or sound is missing, or why
    nothing was before it. If there are more than `proctoring.recordings.leaves.ABSENCES_MAX`, the longest are
    kept.
    """

    seq: int
    start_unix_ms: int
    duration_ms: int
    data: bytes
    event_ids: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()


class Recorder(Protocol):
    """Keeps takes and segments. Each call may be slow; none blocks the event loop."""

    async def recognise(self, token: str) -> Grant:
        """What the token allows, without doing anything yet. Raises TokenRefused."""
        ...

    async def admit(self, token: str) -> Grant:
        """What the token allows. Raises TokenRefused, WrongState, NotFound, KeyRefused, or Unavailable:
        also when so much already waits for store or database that no new take should begin."""
        ...

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """Opens a take and returns its id. Called once the codec is known, about a second into the media.

        The start is the best estimate by then: segment 0, which follows seconds later, may start some tens of
        milliseconds earlier, never later. Raises WrongState when the session no longer records. Raises
        KeyRefused when the stream's key is not the one that was made for it, Unavailable while the database
        is unreachable.
        """
        ...

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """Returns once the segment is accepted: sealed, on disk, and never lost from then on.

        Object and manifest leaf are committed soon after, or when store and database are back, in the order
        of acceptance within the stream. Storing the same `seq` again is harmless. Raises WrongState when the
        session no longer records, Unavailable when nothing more can be kept for now: try again.
        """
        ...

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        """Closes a take; after it nothing more is stored in it. The end is accepted as a segment is, and
        committed after the take's last segment. While all parts are reachable it returns after that commit.
        Raises Unavailable."""
        ...

    async def ended(self, session_ids: set[str]) -> set[str]:
        """Which of these sessions are over."""
        ...


@dataclass
class MemoryTake:
    """A take as `MemoryRecorder` keeps it."""

    grant: Grant
    media_type: str
    start_unix_ms: int
    segments: list[MediaSegment] = field(default_factory=list)
    cause: EndCause | None = None
    end_unix_ms: int | None = None


class MemoryRecorder:
    """A Recorder that keeps everything in memory. `changed` is notified after each change.

    A session in `over` gets no new take, but what was cut of an open one is still taken.
    """

    def __init__(self, grants: dict[str, Grant]) -> None:
        self.grants = dict(grants)
        self.takes: dict[str, MemoryTake] = {}
        self.over: set[str] = set()
        self.changed = asyncio.Condition()

    async def recognise(self, token: str) -> Grant:
        grant = self.grants.get(token)
        if grant is None:
            raise TokenRefused("This token opens nothing here.", "Ask for a new link.")
        return grant

    async def admit(self, token: str) -> Grant:
        grant = await self.recognise(token)
        self._refuse_when_over(grant.session_id)
        return grant

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        self._refuse_when_over(grant.session_id)
        take_id = f"take-{len(self.takes) + 1}"
        self.takes[take_id] = MemoryTake(grant, media_type, start_unix_ms)
        await self._notify()
        return take_id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        take = self.takes[take_id]
        if take.cause is not None or segment.seq != len(take.segments):
            raise WrongState("This segment is not the next one of an open take.")
        take.segments.append(segment)
        await self._notify()

    async def end(self, take_id: str, cause: EndCause, end_unix_ms: int) -> None:
        take = self.takes[take_id]
        if take.cause is not None:
            raise WrongState("This take has ended already.")
        take.cause, take.end_unix_ms = cause, end_unix_ms
        await self._notify()

    async def ended(self, session_ids: set[str]) -> set[str]:
        return session_ids & self.over

    def _refuse_when_over(self, session_id: str) -> None:
        if session_id in self.over:
            raise WrongState("This session has ended.", "Nothing more is recorded.")

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()
