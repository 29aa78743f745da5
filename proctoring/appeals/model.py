"""An appeal: the candidate's objection. It holds the evidence from the instant it is lodged.

state    close
lodged   closed
closed   –
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AppealState(StrEnum):
    LODGED = "lodged"
    CLOSED = "closed"


class AppealOutcome(StrEnum):
    UPHELD = "upheld"  # the candidate was right
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Appeal:
    id: str
    session_id: str
    grounds: str
    state: AppealState
    lodged_at: datetime
    hold_id: str
    outcome: AppealOutcome | None
    answer: str | None
    closed_by: str | None
    closed_at: datetime | None
