"""Holds and the units that each covers: as placed and released, and as a restore did either again."""

from proctoring.custody.model import Action, Entry
from proctoring.holds.model import RESTORED
from proctoring.proofs.model import Told, given

TABLE, COVERED = "holds", "hold_units"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of a hold."""
    restored = bool(entry.detail.get("restored"))
    match entry.action:
        case Action.HOLD_PLACE:
            hold = str(entry.detail["hold"])
            told.tell(
                entry,
                TABLE,
                hold,
                session_id=entry.session_id,
                placed_at=entry.detail.get("placed_at", told.at(entry)),
                released_at=None,
                released_by=None,
                **given(entry, "kind"),
            )
            if restored and "placed_at" not in entry.detail:
                told.rows[(TABLE, hold)].pop("placed_at", None)
            if "on" in entry.detail:
                for unit in str(entry.detail["on"]).split():
                    told.tell(entry, COVERED, f"{hold}+{unit}", hold_id=hold, unit_id=unit)
                told.complete.add((COVERED, hold))
        case Action.HOLD_RELEASE:
            by = RESTORED if restored else entry.actor
            told.tell(entry, TABLE, str(entry.detail["hold"]), released_at=told.at(entry), released_by=by)
        case Action.EVIDENCE_ERASE if restored:
            # The copied proofs said that the unit was erased: no hold covers it any more.
            for row in told.of(COVERED, unit_id=entry.unit_id):
                hold = row.partition("+")[0]
                if told.value(TABLE, hold, "released_at") is None:
                    del told.rows[(COVERED, row)]
