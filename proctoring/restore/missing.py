"""Difference between the copied proofs and the database: what is missing in one of them.

Pure. Every line of the copy was committed before it was written. So a database read after the copy knows all
of it, unless an older one was put back in its place.

    quarantine   begins: something is missing        replay: what the copy proves is done again
                 ends:   a person lifts it, once nothing provable is missing; the lost history is declared
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proctoring.custody.model import Action
from proctoring.proofs.bodies import Act, Erasure, Restoration
from proctoring.quarantine.model import Head
from storage.proofs.checkpoint import LEDGER_ORIGIN, unit_of


@dataclass
class Copied:
    """What the lines say, read one by one in order. A head is not checked until it contradicts."""

    heads: dict[str, Head] = field(default_factory=dict)
    erasures: dict[str, Erasure] = field(default_factory=dict)
    placed: dict[str, Act] = field(default_factory=dict)
    released: dict[str, Act] = field(default_factory=dict)
    seen: int = 0  # the greatest ledger number that an act names, of this history
    unproven: int = 0  # lines that nobody with our key has signed

    def head(self, origin: str, head: Head) -> None:
        """A checkpoint; of several of one tree the greatest counts."""
        if origin not in self.heads or head.size >= self.heads[origin].size:
            self.heads[origin] = head

    def act(self, act: Act) -> None:
        """A hold placed or released, or an erasure decided."""
        self.seen = max(self.seen, act.number)
        if act.action is Action.HOLD_PLACE and act.hold is not None:
            self.placed[act.hold] = act
        elif act.action is Action.HOLD_RELEASE and act.hold is not None:
            self.released[act.hold] = act
        elif act.action is Action.EVIDENCE_ERASE and act.due_at is not None:
            for unit in act.units:
                self.erasures.setdefault(unit, Erasure(unit, act.session, act.due_at, act.at))

    def certificate(self, erasure: Erasure) -> None:
        """An erasure that was finished; the first certificate of a unit counts."""
        before = self.erasures.get(erasure.unit)
        if before is None or before.certificate is None:
            self.erasures[erasure.unit] = erasure

    def restored(self, restoration: Restoration) -> None:
        """From here on another history: what was lost is forgotten, what was decided is not."""
        self.seen = 0
        for loss in restoration.losses:
            self.heads[loss.origin] = Head(loss.kept, loss.kept_root)

    def units(self) -> set[str]:
        """Every unit that a line names."""
        headed = {unit for origin in self.heads if (unit := unit_of(origin)) is not None}
        return headed.union(self.erasures, *(act.units for act in self.placed.values()))

    def ledger_size(self) -> int:
        """How many ledger entries the copy knows of."""
        return max(self.seen, self.heads[LEDGER_ORIGIN].size if LEDGER_ORIGIN in self.heads else 0)


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit that this database takes for alive. `erasing`: decided, its key is gone, no certificate yet."""

    session: str
    leaves: int
    erasing: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows. `same_ledger`: its first entries are those of the copied head, as far as both
    reach. `units`, `holds`: those that the copy names; a hold with whether it is in force."""

    ledger: int
    same_ledger: bool
    units: Mapping[str, KnownUnit]
    holds: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class ProvenMissing:
    """What the copy proves and the database does not know. False when there is nothing."""

    ledger: bool = False
    erasures: tuple[Erasure, ...] = ()
    holds: tuple[Act, ...] = ()
    releases: tuple[Act, ...] = ()
    leaves: tuple[tuple[str, int], ...] = ()  # living units, and how many segments of each are lost

    def __bool__(self) -> bool:
        return self.ledger or self.replayable or bool(self.leaves)

    @property
    def replayable(self) -> bool:
        """Whether something of it can be done again."""
        return bool(self.erasures or self.holds or self.releases)


def missing(copied: Copied, known: Known) -> ProvenMissing:
    """Compare them. A hold is missing where a unit that it covers lives here; on what is erased, or unknown
    here, nothing can be held."""
    erased = {
        unit: erasure
        for unit, erasure in copied.erasures.items()
        if unit in known.units and (erasure.certificate is not None or not known.units[unit].erasing)
    }
    living = {unit for unit, one in known.units.items() if not one.erasing} - copied.erasures.keys()
    leaves = []
    for origin, head in copied.heads.items():
        unit = known.units.get(unit_of(origin) or "")
        if unit is not None and head.size > unit.leaves:
            leaves.append((unit_of(origin) or "", head.size - unit.leaves))
    return ProvenMissing(
        ledger=copied.ledger_size() > known.ledger or not known.same_ledger,
        erasures=tuple(erased[unit] for unit in sorted(erased)),
        holds=tuple(
            act
            for hold, act in sorted(copied.placed.items())
            if hold not in known.holds and hold not in copied.released and living & set(act.units)
        ),
        releases=tuple(act for hold, act in sorted(copied.released.items()) if known.holds.get(hold, False)),
        leaves=tuple(sorted(leaves)),
    )
