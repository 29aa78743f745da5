"""Before an epoch of keys is destroyed: what rows and ledger say of living evidence must be the same.

A key that rows have lost, or name another epoch for, may be in a backup, sealed to the old one.
"""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.proofs import stops
from proctoring.proofs.disputes import Dispute
from proctoring.recordings.rotation import Keyed
from proctoring.units.model import KEYLESS_VALUES
from proctoring.units.rows import UnitRow


class EpochGuard:
    """Asked by the rotation of keys; what it finds stops the session that it is about."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def disputed(self) -> bool:
        """Whether an epoch must stay, because a session is stopped or evidence is missing without erasure."""
        with self._core.db.read() as db:
            if stops.count_in_force(db):
                return True
            found = _missing(db)
        if found is not None:
            self._stop(*found)
        return found is not None

    def key_does_not_open(self, unit: Keyed) -> None:
        """A living unit's key is not there, or does not open under the epoch that its row names."""
        detail = f"the key of unit {unit.id} does not open under {unit.kek_epoch}"
        self._stop(unit.session_id, Dispute(stops.UNIT_KEY, detail))

    def every_key_opens(self) -> None:
        """What was stopped for its key goes on."""
        with self._core.db.read() as db:
            mine = [stop.session_id for stop in stops.in_force(db) if stop.codes == stops.UNIT_KEY]
        for session_id in mine:
            with self._core.db.begin() as db:
                stops.resume(db, self._core, session_id)

    def _stop(self, session_id: str, dispute: Dispute) -> None:
        with self._core.db.begin() as db:
            stops.stop(db, self._core, session_id, [dispute])


def _missing(db: Db) -> tuple[str, Dispute] | None:
    """The first unit that is gone by its row, or whose row is gone, and whose erasure no entry tells."""
    mine = EntryRow.session_id == UnitRow.session_id, EntryRow.unit_id == UnitRow.id
    told = exists().where(*mine, EntryRow.action == Action.EVIDENCE_ERASE.value)
    gone = select(UnitRow.id, UnitRow.session_id, UnitRow.state).where(
        UnitRow.state.in_(KEYLESS_VALUES), ~told
    )
    if (row := db.execute(gone.limit(1)).first()) is not None:
        detail = f"unit {row.id} is {row.state} by its row, its erasure the ledger does not tell"
        return row.session_id, Dispute("unit.state", detail)
    there = exists().where(UnitRow.id == EntryRow.unit_id)
    begun = select(EntryRow.unit_id, EntryRow.session_id).where(
        EntryRow.action == Action.TAKE_BEGIN.value, ~there
    )
    if (entry := db.execute(begun.limit(1)).first()) is not None:
        detail = f"unit {entry.unit_id} lives by the ledger and has no row here"
        return entry.session_id or "", Dispute("unit.missing", detail)
    return None
