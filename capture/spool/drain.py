"""Commits the entries of the spool, each lane in the order of acceptance; every step may be repeated.

For a segment: ask the database whether it is still wanted, put the object if absent, register its leaf,
delete the file. For the end of a take: end it. A crash between any two steps is healed by repeating all. An
object's name is write-once and its bytes are the file's, a leaf is registered once, a take ends once.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

import structlog

from capture.spool.entry import EntryDamaged, SpooledEnd, SpooledSegment
from capture.spool.files import Entry
from capture.spool.spool import Spool
from capture.unavailable import available
from proctoring.core import Core
from proctoring.errors import CoreError, NotFound, Unavailable, WrongState
from proctoring.recordings import logs, ordinary_leaves, take_owners
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from storage.errors import ObjectExists
from storage.objects.naming import segment_key
from storage.objects.store import ObjectStore

log = structlog.get_logger()

UNKNOWN_KEPT = timedelta(hours=24)
"""How long a segment waits whose take the database does not know, as after a restore: as an orphan does."""


class CommitResult(Enum):
    """Of one try to commit the first entry of a lane."""

    DONE = "done"  # it has left the lane, or there was none
    UNREACHABLE = "unreachable"  # store or database, and so for every lane
    HELD_UP = "held-up"  # this lane alone


class Drain:
    """Needs no key: what waits was sealed before. `refused`: takes of which nothing more is kept."""

    def __init__(self, core: Core, objects: ObjectStore, spool: Spool) -> None:
        self.refused: set[str] = set()
        self._core = core
        self._objects = objects
        self._spool = spool

    def step(self, unit: str) -> CommitResult:
        """Commit what has waited longest of this unit. Never raises: what fails stays for the next try.

        One thread at a time per unit.
        """
        entry = self._spool.first(unit)
        if entry is None:
            return CommitResult.DONE
        try:
            return CommitResult.DONE if self._commit(entry) else CommitResult.HELD_UP
        except Unavailable as error:
            self._spool.counters["away"] += 1
            log.warning("spool.waits", unit=unit, detail=error.detail, bytes=self._spool.depth_bytes)
            return CommitResult.UNREACHABLE
        except EntryDamaged as error:
            log.error("spool.damaged", file=entry.path.name, take=entry.take, detail=str(error))
            self._spool.set_aside(entry)
            return CommitResult.DONE
        except Exception:
            self._spool.counters["failures"] += 1
            log.exception("spool.held-up", unit=unit, take=entry.take)
            return CommitResult.HELD_UP

    def together(self, units: Sequence[str]) -> set[str]:
        """Commit what has waited longest of each of these units, in one transaction; of which units it was.

        Only ordinary segments (`proctoring.recordings.ordinary_leaves`); `step` commits the others. Never
        raises. One thread at a time per unit.
        """
        committed: dict[str, Entry] = {}
        try:
            waiting: dict[str, tuple[Entry, SpooledSegment]] = {}
            for entry in filter(None, map(self._spool.first, units)):
                facts = self._spool.facts(entry)
                if isinstance(facts, SpooledSegment):
                    waiting[facts.take] = entry, facts
            leaves = {take: _leaf(facts) for take, (_, facts) in waiting.items()}
            with available():
                with self._core.db.read() as db:
                    ordinary = ordinary_leaves.ordinary(db, leaves)
                if not ordinary:
                    return set()
                for entry, facts in (waiting[take] for take in ordinary):
                    self._put(facts, self._spool.read(entry)[1])
                with self._core.db.begin() as db:
                    ordinary_leaves.register_all(db, self._core, {take: leaves[take] for take in ordinary})
                    for facts in (waiting[take][1] for take in ordinary):
                        logs.remember(db, facts.unit, facts.event_ids)
            committed = {waiting[take][0].unit: waiting[take][0] for take in ordinary}
            self._spool.counters["drained"] += len(committed)
            for entry in committed.values():
                self._spool.done(entry)
        except (CoreError, EntryDamaged) as error:  # `step` meets it again: it tells of it, and counts it
            log.info("spool.one-by-one", units=len(units), error=type(error).__name__)
        except Exception:
            self._spool.counters["failures"] += 1
            log.exception("spool.one-by-one", units=len(units))
        return set(committed)

    def _commit(self, entry: Entry) -> bool:
        """Whether the entry is dealt with."""
        facts, sealed = self._spool.read(entry)
        try:
            with available():
                if isinstance(facts, SpooledSegment):
                    if not self._segment(facts, sealed):
                        return False
                else:
                    self._end(facts)
        except NotFound as error:
            if isinstance(facts, SpooledSegment):
                if self._core.clock() - facts.accepted_at < UNKNOWN_KEPT:
                    log.error("spool.unknown-take", take=facts.take, seq=facts.seq, detail=error.detail)
                    return False
                self._refuse(facts, error.detail)
        except WrongState as error:
            assert isinstance(facts, SpooledSegment)
            self._refuse(facts, error.detail)
        else:
            self._spool.counters["drained"] += 1
        self._spool.done(entry)
        return True

    def _segment(self, facts: SpooledSegment, sealed: bytes) -> bool:
        """Whether it is committed; not before an earlier take of the stream has ended, wherever that was."""
        with self._core.db.read() as db:
            # First, so that nothing is put where a unit is closed, or erased: it would lie there for ever.
            if not recordings.wants(db, facts.unit, facts.take, facts.seq):
                return True
            if facts.seq == 0 and take_owners.follows_open_take(db, self._core, facts.take):
                return False
        self._put(facts, sealed)
        with self._core.db.begin() as db:
            recordings.register(db, self._core, facts.take, _leaf(facts))
            logs.remember(db, facts.unit, facts.event_ids)
        return True

    def _put(self, facts: SpooledSegment, sealed: bytes) -> None:
        try:
            self._objects.put(segment_key(facts.unit, facts.take, facts.seq), sealed)
        except ObjectExists:
            log.info("segment.stored-before", take=facts.take, seq=facts.seq)

    def _end(self, facts: SpooledEnd) -> None:
        with self._core.db.begin() as db:
            recordings.end_take(db, self._core, facts.take, facts.cause, facts.accepted_at)
        self.refused.discard(facts.take)

    def _refuse(self, facts: SpooledSegment, why: str) -> None:
        self.refused.add(facts.take)
        self._spool.counters["refused"] += 1
        log.error("spool.refused", take=facts.take, seq=facts.seq, detail=why)


def _leaf(facts: SpooledSegment) -> SealedSegment:
    return SealedSegment(
        facts.seq,
        facts.ct_sha256,
        facts.ct_len,
        facts.start_unix_ms,
        facts.duration_ms,
        received_at=facts.accepted_at,
        absences=facts.absences,
    )
