"""Findings of a person who compared the identity card with the recording. Pure.

No machine compares faces here, ever. Once a person has confirmed the candidate's identity, the copy is due at
the end of that day, before the footage. Otherwise it is erased with the footage. A hold keeps it either way.
"""

from dataclasses import dataclass
from datetime import datetime

from proctoring.holds.model import check_reason
from proctoring.text import prose
from proctoring.units.model import LIVING, UnitState

IMAGES_MAX = 6
"""Images one candidate may send: both sides of a card, and two more tries at each."""


@dataclass(frozen=True, slots=True)
class IdentityCheck:
    """One person's answer to: is this the person of the card? `reason` is empty for a plain yes."""

    confirmed: bool
    reason: str
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class IdentityCopy:
    """The identity unit of a session as staff see it; `images` counts what was sent."""

    unit_id: str
    state: UnitState
    images: int
    due_at: datetime
    check: IdentityCheck | None

    @property
    def exists(self) -> bool:
        """Whether it can still be seen."""
        return self.state in LIVING


def check_answer(confirmed: bool, reason: str) -> str:
    """The reason as it is kept (`text.prose`). Raises Invalid for a no without one."""
    reason = prose(reason, "the reason")
    return check_reason(reason) if reason or not confirmed else ""
