"""Summary of a session, and what it adds to the counts of its exam. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """How far a review is, as the queue lists it."""

    UNDECIDED = "undecided"
    SECOND = "second"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Summary:
    """`due_at`: of the footage that is not erased, the earliest; None once all of it is. `free`: nobody has
    claimed it. `calls`: requests of the candidate that nobody has answered."""

    began: bool
    recording: bool
    due_at: datetime | None
    held: bool
    open_flags: int
    stage: Stage
    free: bool
    calls: int
    restricted: bool

    @property
    def kept(self) -> bool:
        """Whether footage of it may still be there."""
        return self.began and self.due_at is not None

    @property
    def listed(self) -> Stage | None:
        """Where the queue lists the session; None where it does not. One that is restricted is in nobody's
        hands."""
        return self.stage if self.kept and not self.restricted else None

    @property
    def rank(self) -> int:
        """Who calls for help comes first."""
        return 0 if self.calls else 1


COUNTS = ("undecided", "second", "decided", "free", "flagged", "open_flags", "going", "held")
"""What is counted of each exam: sessions of each stage; of those undecided the free ones, those with open
flags and all open flags; those that erasure waits for, and those that are held."""


def counted(summary: Summary) -> Counter[str]:
    """What the session adds to COUNTS."""
    counts: Counter[str] = Counter()
    if summary.listed is not None:
        counts[summary.listed.value] = 1
    if summary.listed is Stage.UNDECIDED:
        counts["free"] = int(summary.free)
        counts["flagged"] = int(summary.open_flags > 0)
        counts["open_flags"] = summary.open_flags
    if summary.kept:
        counts["held" if summary.held else "going"] = 1
    return counts
