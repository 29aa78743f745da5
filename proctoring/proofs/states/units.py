"""Evidence units of a session as its ledger entries tell them: which, of which kind, and whose erasure began.

Pure. `entries` are those that name the session, in ascending order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from proctoring.custody.model import Action, Entry
from proctoring.recordings.model import UnitKind


@dataclass
class ToldUnits:
    """`kinds`: of each unit by its id. `complete`: the admission names every unit; in an older ledger only
    those are known of which a take began. `erasing`: units whose key was destroyed, with the entry's number
    for each; `erased`: units of which nothing is left."""

    kinds: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    erasing: dict[str, int] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)

    @property
    def living(self) -> set[str]:
        """Units that are known and not erased."""
        return self.kinds.keys() - self.erasing.keys()


def told_units(entries: Iterable[Entry]) -> ToldUnits:
    """What the entries up to the last of these tell."""
    told = ToldUnits()
    for entry in entries:
        if entry.action is Action.SESSION_ADMIT:
            named = {str(entry.detail[kind]): kind.value for kind in UnitKind if entry.detail.get(kind)}
            told.kinds |= named
            told.complete = told.complete or bool(named)
        elif entry.action is Action.TAKE_BEGIN and entry.unit_id is not None:
            told.kinds.setdefault(entry.unit_id, str(entry.detail.get("stream")))
        elif entry.action is Action.EVIDENCE_ERASE and entry.unit_id is not None:
            told.erasing[entry.unit_id] = entry.number
        elif entry.action is Action.EVIDENCE_ERASED and entry.unit_id is not None:
            told.erased.add(entry.unit_id)
    return told
