"""Outcome of a pass, done or foretold, for one evidence unit."""

from dataclasses import dataclass

from retention.plan import PlanLine

BRAKED = "braked"
STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """`certificate_id` is set once the unit is gone, `failure` when it is not although it goes."""

    line: PlanLine
    certificate_id: str | None = None
    failure: str | None = None
