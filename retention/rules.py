"""The retention worker's limits, each with its unit. Set once in the composition root."""

from dataclasses import dataclass, field
from datetime import timedelta

from proctoring.holds.brake import BrakeLimits


@dataclass(frozen=True, slots=True)
class Rules:
    """`backup_horizon`: how long a backup may still hold erased objects. The certificate names it, and erased
    prefixes are listed again until then. `orphans_after`: how long an object may wait for its leaf once its
    take has ended."""

    brake: BrakeLimits = field(default_factory=BrakeLimits)
    backup_horizon: timedelta = timedelta(days=35)
    audit_every: timedelta = timedelta(days=1)
    orphans_after: timedelta = timedelta(hours=24)
