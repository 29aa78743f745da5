"""Recorder of identity images, the door from the candidate's pages to the core, and its in-memory form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class Accepting(Protocol):
    """A process, or several, as far as a session's status tells of it before it is committed."""

    def keeps(self) -> bool:
        """Whether images and segments are accepted now. It may ask the disk."""
        ...

    def accepted_until(self) -> Mapping[str, datetime]:
        """The instant up to which each open take is accepted, by the take's id. Accepted: sealed and on disk,
        committed or not. A take with nothing accepted is left out. Asked from any thread."""
        ...


class IdentityRecorder(Accepting, Protocol):
    """Keeps images of identity cards. `VaultIdentityRecorder` in `capture.spool` is the real one."""

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """Returns once the image is accepted: sealed, on disk, never lost from then on. While store and
        database are reachable it is committed too.

        Raises NotFound when the exam takes no copy, WrongState before the notice and after the end, and
        Conflict when enough were sent. Raises Unavailable when nothing can be kept for now: try again.
        """
        ...


@dataclass
class MemoryIdentityRecorder:
    """Keeps every image in memory; refuses nobody."""

    kept: list[tuple[str, bytes]] = field(default_factory=list)
    full: bool = False
    accepted: dict[str, datetime] = field(default_factory=dict)

    def keeps(self) -> bool:
        """See Accepting."""
        return not self.full

    def accepted_until(self) -> Mapping[str, datetime]:
        """See Accepting."""
        return self.accepted

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """See IdentityRecorder."""
        self.kept.append((session_id, jpeg))
