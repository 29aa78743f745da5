"""Evidence units: which a session has, and their way from open to erased; with it the keys of their takes."""

from proctoring.custody.model import GENESIS, Action, Entry
from proctoring.proofs.model import UNTOLD, Told, given
from proctoring.units import keys as unit_keys
from proctoring.units.model import UnitKind, UnitState

TABLE, TAKES, CERTIFICATES = "evidence_units", "takes", "erasure_certificates"
KEY_HELD, KEY_GONE = 1, 0
"""Of a unit's sealed private half, which is sealed anew each week, the ledger tells whether there is one;
of its public half and of takes' sealed keys the hash."""


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of units."""
    unit = entry.unit_id
    match entry.action:
        case Action.SESSION_ADMIT:
            kinds = {kind.value: one for kind in UnitKind if (one := entry.detail.get(kind.value))}
            for kind, made in kinds.items():
                _make(told, entry, str(made), kind)
                told.tell(entry, TABLE, str(made), manifest_size=0, manifest_head=GENESIS)
            for made, key in unit_keys.committed(entry.detail).items():
                told.tell(entry, TABLE, made, public_key=key)
            if kinds:
                told.complete.add((TABLE, str(entry.session_id)))
        case Action.KEY_ADOPT:
            told.tell(entry, TABLE, unit, public_key=unit_keys.committed(entry.detail)[str(unit)])
        case Action.TAKE_BEGIN:
            if (TABLE, str(unit)) not in told.rows:
                _make(told, entry, str(unit), str(entry.detail["stream"]))
            told.tell(entry, TABLE, unit, manifest_size=UNTOLD, manifest_head=UNTOLD)
        case Action.TAKE_END:
            # Another take may go on, and a page may send more: only what is retained grows no more.
            told.tell(entry, TABLE, unit, manifest_size=UNTOLD, manifest_head=UNTOLD)
        case Action.SESSION_FINISH | Action.SESSION_EXPIRE:
            if (TABLE, str(entry.session_id)) not in told.complete:
                for one in told.of(TABLE, state=UnitState.OPEN.value):
                    told.tell(entry, TABLE, one, state=UNTOLD)  # retained, since then or soon
        case Action.EVIDENCE_RETAIN:
            told.tell(entry, TABLE, unit, state=UnitState.RETAINED.value)
            told.tell(entry, TABLE, unit, **given(entry, manifest_size="leaves", manifest_head="head"))
        case Action.EVIDENCE_ERASE:
            erasing_at = entry.detail.get("erasing_at", told.at(entry))
            told.tell(entry, TABLE, unit, state=UnitState.ERASING.value, erasing_at=erasing_at)
            told.tell(entry, TABLE, unit, sealed_private_key=KEY_GONE, **given(entry, "erase_id"))
            for take in told.of(TAKES, unit_id=unit):
                told.tell(entry, TAKES, take, sealed_key=KEY_GONE)
        case Action.EVIDENCE_ERASED:
            erased_at = entry.detail.get("erased_at", told.at(entry))
            told.tell(entry, TABLE, unit, state=UnitState.ERASED.value, erased_at=erased_at)
            told.tell(
                entry,
                CERTIFICATES,
                str(entry.detail["certificate"]),
                unit_id=unit,
                session_id=entry.session_id,
                issued_at=erased_at,
            )


def _make(told: Told, entry: Entry, unit: str, kind: str) -> None:
    told.tell(
        entry,
        TABLE,
        unit,
        session_id=entry.session_id,
        kind=kind,
        state=UnitState.OPEN.value,
        sealed_private_key=KEY_HELD,
        erase_id=None,
        erasing_at=None,
        erased_at=None,
    )
