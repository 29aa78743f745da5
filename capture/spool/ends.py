"""Ends of takes that the disk refused: written as soon as it accepts them, before anything of a later
take."""

import threading

import structlog

from capture.spool.entry import SpooledEnd
from capture.spool.spool import Spool
from capture.unavailable import available
from proctoring.core import Core
from proctoring.recordings import take_owners
from proctoring.recordings.model import EndCause

log = structlog.get_logger()


class Ends:
    """Thread-safe. Holds a few words for each take, so the number of a process's takes bounds it."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._waiting: dict[str, SpooledEnd] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def takes(self) -> set[str]:
        """Takes whose end is not written yet."""
        with self._lock:
            return set(self._waiting)

    def recover(self, core: Core) -> None:
        """Ends the takes that an earlier process of this spool left open, each one after its waiting
        segments. Harmless to repeat. Raises Unavailable without a database."""
        with available(), core.db.read() as db:
            left = take_owners.open_takes_of(db, self._spool.id)
        for take in left:
            self.add(SpooledEnd(take.unit_id, take.id, EndCause.SERVER_STOPPED, core.clock()))

    def add(self, end: SpooledEnd) -> None:
        """Durable when it returns, if the disk accepts it; otherwise `write` retries it."""
        with self._lock:
            self._waiting.setdefault(end.take, end)
        try:
            self.write()
        except OSError as error:
            log.error("take.end-waits", take=end.take, error=error.strerror)

    def write(self) -> bool:
        """Writes what waits. Returns whether there was anything. Raises OSError; the rest then keeps
        waiting."""
        with self._lock:
            waited = bool(self._waiting)
            for take, end in list(self._waiting.items()):
                self._spool.end(end)
                del self._waiting[take]
        return waited
