"""The door for a single image: what the candidate's pages hand over, and its in-memory form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class IdentityRecorder(Protocol):
    """Keeps images of identity cards. `VaultIdentityRecorder` in `capture.spool` is the real one."""

    def keeps(self) -> bool:
        """Whether what comes now is accepted here: images, and what is recorded. It may ask the disk."""
        ...

    def accepted_until(self, session_id: str) -> Mapping[str, datetime]:
        """Up to when each running take of the session is accepted here, by the take's id: sealed and on disk,
        committed or not. Takes of which nothing is are left out."""
        ...

    async def keep_image(self, session_id: str, jpeg: bytes) -> None:
        """Returns once the image is accepted: sealed, on disk, never lost from then on; and committed too,
        while the parts are there.

        Raises NotFound when the exam takes no copy, WrongState before the notice and after the end, Conflict
        when enough were sent, Unavailable when nothing can be kept for now: try again.
        """
        ...


@dataclass
class MemoryIdentityRecorder:
    """Keeps every image in memory, whoever sends it."""

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
