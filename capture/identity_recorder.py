"""Recorder of identity images, the door from the candidate's pages to the core, and its in-memory form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class IdentityRecorder(Protocol):
    """Keeps images of identity cards. `VaultIdentityRecorder` in `capture.spool` is the real one."""

    def keeps(self) -> bool:
        """Whether this process accepts images and segments now. It may ask the disk."""
        ...

    def accepted_until(self, session_id: str) -> Mapping[str, datetime]:
        """The instant up to which each open take of the session is accepted, by the take's id. Accepted: by
        this process, sealed and on disk, committed or not. A take with nothing accepted is left out."""
        ...

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
        """See IdentityRecorder."""
        return not self.full

    def accepted_until(self, session_id: str) -> Mapping[str, datetime]:
        """See IdentityRecorder; the same for every session."""
        return self.accepted

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """See IdentityRecorder."""
        self.kept.append((session_id, jpeg))
