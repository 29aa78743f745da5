"""Late recorder, the one door through which late pieces go from the filler to the core, and its in-memory
form.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from capture.recorder import Grant, MediaSegment, MemoryTake
from proctoring.errors import TokenRefused, WrongState
from proctoring.recordings.late import Missing
from proctoring.recordings.model import EndCause
from proctoring.recordings.spans import Span, without


class LateRecorder(Protocol):
    """Keeps late takes and their segments. `VaultLateRecorder` in `capture.spool` is the real one."""

    async def admit(self, token: str) -> Grant:
        """What the token allows to fill, for a while beyond the session's window. Raises TokenRefused."""
        ...

    async def announce(self, grant: Grant, holding: bool) -> Missing:
        """What is missing of a stream, told to a page that says whether it holds something. Raises NotFound,
        Unavailable."""
        ...

    async def missing(self, grant: Grant) -> Missing:
        """What is missing once all that was accepted before is committed. Raises NotFound, and Unavailable
        when that does not happen soon."""
        ...

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        """Opens a take for what arrives late. Raises WrongState, NotFound, Unavailable."""
        ...

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        """See `capture.recorder.Recorder.store`."""
        ...

    async def end(self, take_id: str) -> None:
        """See `capture.recorder.Recorder.end`; its page has stopped sending."""
        ...

    async def committed(self, unit_id: str) -> bool:
        """Whether all that was accepted of a unit is committed; waits for it while the parts are there."""
        ...


@dataclass
class MemoryLateRecorder:
    """Keeps everything in memory. What is stored is missing no more; a take in `refused` takes nothing."""

    grants: dict[str, Grant]
    lacks: dict[Grant, Missing]
    takes: dict[str, MemoryTake] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    holding: dict[Grant, bool] = field(default_factory=dict)

    async def admit(self, token: str) -> Grant:
        grant = self.grants.get(token)
        if grant is None:
            raise TokenRefused("This token opens nothing here.", "Ask for a new link.")
        return grant

    async def announce(self, grant: Grant, holding: bool) -> Missing:
        self.holding[grant] = holding
        return self.lacks[grant]

    async def missing(self, grant: Grant) -> Missing:
        return self.lacks[grant]

    async def begin(self, grant: Grant, media_type: str, start_unix_ms: int) -> str:
        if not self.lacks[grant].open:
            raise WrongState("The recording is closed; nothing more is accepted.")
        take_id = f"late-{len(self.takes) + 1}"
        self.takes[take_id] = MemoryTake(grant, media_type, start_unix_ms)
        return take_id

    async def store(self, take_id: str, segment: MediaSegment) -> None:
        take = self.takes[take_id]
        if take_id in self.refused or take.cause is not None or segment.seq != len(take.segments):
            raise WrongState("This segment is not the next one of an open take.")
        take.segments.append(segment)
        lacks = self.lacks[take.grant]
        kept = Span(segment.start_unix_ms, segment.start_unix_ms + segment.duration_ms)
        gaps = tuple(rest for gap in lacks.gaps for rest in _rests(gap, kept))
        self.lacks[take.grant] = replace(lacks, gaps=gaps)

    async def end(self, take_id: str) -> None:
        self.takes[take_id].cause = EndCause.STOPPED

    async def committed(self, unit_id: str) -> bool:
        return True


def _rests(gap: Span, kept: Span) -> list[Span]:
    return without(gap, kept) if gap.within(kept).length_ms > 0 else [gap]
