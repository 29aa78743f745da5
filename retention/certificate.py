"""The erasure certificate: what was erased, when, by which rule; signed; without a word about a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from proctoring.clock import iso
from proctoring.disclosures.model import Given
from storage.canonical import canonical
from storage.objects.shred import Shredded

CERTIFICATE_VERSION = 4
RULE = "retained, no active hold, due date passed"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts of one erasure. Ids are random; figures count what the store held. `confirmed`: by what the
    rule was found to hold: `ledger`, `rows` where an older ledger does not tell the due date, `person`.
    `given`: the copies of it that had left the service; `texts`: how many that people wrote about the
    session were erased with it."""

    id: str
    unit: str
    session: str
    kind: str
    due_at: datetime
    as_of: datetime
    decided_at: datetime
    erased_at: datetime
    ledger_number: int
    confirmed: str
    kek_epoch: str
    leaves: int
    manifest_head: str
    removed: Shredded
    given: tuple[Given, ...]
    texts: int
    backup_horizon: timedelta

    def body(self) -> str:
        """Canonical JSON (RFC 8785): the very bytes that are signed."""
        facts = {
            "v": CERTIFICATE_VERSION,
            "certificate": self.id,
            "unit": self.unit,
            "session": self.session,
            "kind": self.kind,
            "rule": RULE,
            "confirmed": self.confirmed,
            "due_at": iso(self.due_at),
            "as_of": iso(self.as_of),
            "decided_at": iso(self.decided_at),
            "erased_at": iso(self.erased_at),
            "ledger_number": self.ledger_number,
            "key_destroyed": f"unit key sealed to {self.kek_epoch}",
            "manifest": {"leaves": self.leaves, "head": self.manifest_head},
            "removed": {
                "objects": self.removed.objects,
                "markers": self.removed.markers,
                "uploads": self.removed.uploads,
                "bytes": self.removed.bytes,
            },
            "texts_erased": self.texts,
            "left_after": 0,
            "given": [
                {"at": iso(one.at), "ground": one.ground.value if one.ground else None} for one in self.given
            ],
            "backups": {
                "horizon_days": self.backup_horizon.days,
                "gone_by": iso(self.erased_at + self.backup_horizon),
            },
        }
        return canonical(facts).decode()
