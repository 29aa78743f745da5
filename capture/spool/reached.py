"""Up to when the takes of this process are in its spool, committed or not."""

from collections.abc import Iterable
from datetime import datetime

from capture.recorder import MediaSegment
from proctoring.clock import from_unix_ms


class Reached:
    """Noted on the event loop, asked from any thread."""

    def __init__(self) -> None:
        self._until_unix_ms: dict[str, int] = {}

    def note(self, take_id: str, segment: MediaSegment) -> None:
        """The segment was accepted."""
        self._until_unix_ms[take_id] = segment.start_unix_ms + segment.duration_ms

    def forget(self, take_id: str) -> None:
        """The take has ended."""
        self._until_unix_ms.pop(take_id, None)

    def of(self, take_ids: Iterable[str]) -> dict[str, datetime]:
        """The end of what was accepted of each of these takes, as far as there is anything."""
        known = {take_id: self._until_unix_ms.get(take_id) for take_id in take_ids}
        return {take_id: from_unix_ms(ms) for take_id, ms in known.items() if ms is not None}
