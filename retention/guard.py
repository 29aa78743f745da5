"""Asks the ledger before anything is destroyed: keys, objects of a unit being erased, or strays.

Rows say that a session is unheld and due, but anyone who may write rows can forge that. Unless the ledger
says it too, nothing of the session is destroyed. The session is stopped, and reported in log, ledger, metric
and on the retention page. Other sessions go on.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.proofs import stops
from proctoring.proofs.disputes import Dispute, disputes, not_before
from proctoring.proofs.facts import session_facts
from proctoring.proofs.reader import LedgerReader, Unproven
from proctoring.proofs.replay import replay
from proctoring.proofs.session_entries import SessionEntries
from proctoring.proofs.states.deciding import told_units
from proctoring.proofs.stops import Stop
from proctoring.proofs.unreadable import ROW_UNREADABLE, unreadable
from proctoring.recordings.rows import leaves as leaves_of
from proctoring.recordings.rows import stored
from proctoring.tolerant import UNREADABLE, came_of
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.proofs.manifest import GENESIS, first_break

HEADS = (Action.TAKE_END, Action.EVIDENCE_RETAIN)  # tell how many leaves a unit has, and the last
SEGMENTS_MISSING = "segments.missing"
BY_LEDGER = "ledger"
BY_ROWS = "rows"  # the ledger does not tell its due date: it is older than that


log = structlog.get_logger()


class Disputed(Exception):
    """Rows and ledger disagree about a session."""

    def __init__(self, session_id: str, found: Sequence[Dispute]) -> None:
        super().__init__("; ".join(one.detail for one in found))
        self.session_id = session_id
        self.found = found


class Guard:
    """One for the life of a worker: it remembers what it has read of the ledger."""

    def __init__(self, core: Core, public: bytes) -> None:
        self._core = core
        self._reader = LedgerReader(public)

    def confirm(self, db: Db, unit_ids: Collection[str], decided: Collection[str], now: datetime) -> str:
        """The confirmation of the erasure of these units: BY_LEDGER, or BY_ROWS where an older ledger does
        not tell when they are due. Empty when they are not due yet by the ledger. `decided`: those of them
        that the caller's transaction has decided. Raises Disputed."""
        sessions = select(UnitRow.session_id).where(UnitRow.id.in_(unit_ids)).distinct()
        confirmed = BY_LEDGER
        for session_id in sorted(db.scalars(sessions)):
            told, facts = self.told(db, session_id), session_facts(db, session_id, decided)
            if found := disputes(told, facts):
                raise Disputed(session_id, found)
            dates = [not_before(told, unit) for unit in facts.units if unit.id in decided]
            if any(date is not None and date > now for date in dates):
                return ""
            if None in dates:
                confirmed = BY_ROWS
        return confirmed

    @contextmanager
    def reading(self, session_id: str) -> Iterator[None]:
        """Around what reads the rows of a session. Raises Disputed where one of them cannot be read."""
        try:
            yield
        except UNREADABLE as error:
            log.error("rows.unreadable", of=session_id, error=came_of(error))
            raise self.unreadable(session_id) from error

    def unreadable(self, session_id: str) -> Disputed:
        """That rows of this session cannot be read, and which."""
        with self._core.db.read() as db:
            found = unreadable(db, session_id)
        return Disputed(session_id, found or [Dispute(ROW_UNREADABLE, "a row of it cannot be read")])

    def told(self, db: Db, session_id: str) -> SessionEntries:
        """What the ledger tells of a session now. Raises Disputed when it cannot be believed."""
        self._reader.follow(db)
        try:
            return self._reader.about(db, session_id)
        except Unproven as error:
            raise Disputed(session_id, [Dispute("ledger.entries", str(error))]) from error

    def check_erased(self, db: Db, unit: UnitRow) -> None:
        """Before what is found of an erased unit goes. Raises Disputed unless the ledger tells the same."""
        facts = replay(self.told(db, unit.session_id).session, exact_from=0)
        if unit.id not in told_units(facts).erased:
            detail = f"unit {unit.id} is erased by its row, not by the ledger"
            raise Disputed(unit.session_id, [Dispute("unit.state", detail)])

    def check_manifest(self, db: Db, unit: UnitRow) -> None:
        """Before what has no leaf goes: the unit's leaves are all that the end of its last take counted.
        Raises Disputed."""
        leaves = leaves_of(stored(db, unit.id))
        head = leaves[-1].hash() if leaves else GENESIS
        entries = self.told(db, unit.session_id).session
        ends = [entry.detail for entry in entries if entry.unit_id == unit.id and entry.action in HEADS]
        told = ends[-1] if ends else {"leaves": 0, "head": GENESIS}
        if "leaves" not in told:  # an older ledger does not tell
            return
        if (told["leaves"], told["head"]) != (len(leaves), head) or first_break(leaves) is not None:
            count = told["leaves"]
            detail = f"unit {unit.id} has {len(leaves)} segments here, and {count}, or others, by the ledger"
            raise Disputed(unit.session_id, [Dispute(SEGMENTS_MISSING, detail)])

    def stop(self, disputed: Disputed) -> None:
        """In a transaction of its own: the one that found it destroys nothing, and is undone."""
        self._core.db.transact(lambda db: stops.stop(db, self._core, disputed.session_id, disputed.found))

    def look_again(self, but: Collection[str]) -> None:
        """Compare the stopped sessions again, except those of this pass; sessions that agree again go on."""
        with self._core.db.read() as db:
            before = {stop.session_id for stop in stops.in_force(db)} - set(but)
            agreed = before - {stop.session_id for stop in self.stopped(db, but)}
        for session_id in sorted(agreed):
            self._core.db.transact(partial(stops.resume, core=self._core, session_id=session_id))

    def stopped(self, db: Db, but: Collection[str]) -> list[Stop]:
        """The stopped sessions that do not agree with the ledger today, the oldest first."""
        again = [stop for stop in stops.in_force(db) if stop.session_id not in but]
        return [stop for stop in again if not self._agrees(db, stop)]

    def _agrees(self, db: Db, stop: Stop) -> bool:
        if stops.UNIT_KEY in stop.codes:
            return False
        if ROW_UNREADABLE in stop.codes and unreadable(db, stop.session_id):
            return False
        try:
            if disputes(self.told(db, stop.session_id), session_facts(db, stop.session_id)):
                return False
            if SEGMENTS_MISSING in stop.codes:
                mine = UnitRow.session_id == stop.session_id, UnitRow.state == UnitState.RETAINED.value
                for unit in db.scalars(select(UnitRow).where(*mine)):
                    self.check_manifest(db, unit)
        except (Disputed, *UNREADABLE):
            return False
        return True
