"""After a restore: what the copied proofs say is done again, and nothing else.

Erasure again is not decided by rule 2: it was, and the signed proof of that is at hand. Every step may be
repeated, and a crash anywhere is healed by doing it all again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import CertificateCopyRow, CertificateRow
from proctoring.custody.service import enter
from proctoring.errors import Unavailable
from proctoring.proofs.bodies import Act, Erasure
from proctoring.proofs.disputes import Dispute
from proctoring.restore.holds import end_holds_on, place_again, release_again
from proctoring.restore.missing import ProvenMissing
from proctoring.units.rows import UnitRow
from proctoring.units.service import begin_proven_erasure, finish_erasure
from retention.forget import forget
from retention.guard import Disputed
from storage.errors import StoreFailed
from storage.objects.shred import Shredder

log = structlog.get_logger()

Step = Callable[[Db, Core, Actor, Act], bool]


@dataclass(frozen=True, slots=True)
class Replayed:
    """`erased` counts units whose certificate is registered again, `decided` those whose key is gone and
    which the next pass of the worker finishes. `failures`: a line for each unit to be tried again."""

    holds: int = 0
    releases: int = 0
    erased: int = 0
    decided: int = 0
    failures: tuple[str, ...] = ()


class Replay:
    """Holds the power to destroy and no other."""

    def __init__(self, core: Core, shredder: Shredder) -> None:
        self._core = core
        self._shredder = shredder

    def run(self, missing: ProvenMissing, actor: Actor) -> Replayed:
        """Holds first, so that nothing that they cover is ever free; then what was erased."""
        transact = self._core.db.transact
        holds = sum(transact(self._again(place_again, actor, act)) for act in missing.holds)
        releases = sum(transact(self._again(release_again, actor, act)) for act in missing.releases)
        wrong = [(one, self._erase(one, actor)) for one in missing.erasures]
        done = [one for one, failure in wrong if not failure]
        erased = sum(1 for one in done if one.certificate is not None)
        failures = tuple(failure for _, failure in wrong if failure)
        return Replayed(holds, releases, erased, len(done) - erased, failures)

    def _erase(self, erasure: Erasure, actor: Actor) -> str:
        """What went wrong, or nothing. Without a certificate the rest is the worker's."""
        try:
            self._core.db.transact(lambda db: self._decide(db, erasure, actor))
        except Disputed as disputed:
            log.error("replay.disputed", unit=erasure.unit, detail=str(disputed))
            return f"{erasure.unit}: {disputed}"
        if erasure.certificate is None:
            return ""
        try:
            self._core.db.forget_deleted()
            self._shredder.shred(erasure.unit)
        except (StoreFailed, Unavailable) as error:
            log.error("replay.incomplete", unit=erasure.unit, detail=str(error))
            return f"{erasure.unit}: {error}"
        self._core.db.transact(lambda db: self._certify(db, erasure, actor))
        return ""

    def _again(self, step: Step, actor: Actor, act: Act) -> Callable[[Db], bool]:
        return lambda db: step(db, self._core, actor, act)

    def _decide(self, db: Db, erasure: Erasure, actor: Actor) -> None:
        session_id = db.scalar(select(UnitRow.session_id).where(UnitRow.id == erasure.unit))
        if session_id != erasure.session:
            detail = f"the signed proof names session {erasure.session}, its row {session_id}"
            raise Disputed(erasure.session, [Dispute("unit.session_id", detail)])
        end_holds_on(db, self._core, actor, erasure.unit)
        erase_id = self._core.new_id()
        if not begin_proven_erasure(db, erasure.unit, erase_id, erasure.decided_at, erasure.due_at):
            return
        forget(db, erasure.unit)
        enter(
            db,
            self._core.clock,
            actor,
            Action.EVIDENCE_ERASE,
            erasure.session,
            unit_id=erasure.unit,
            certificate=erasure.certificate_id or None,
            erase_id=erase_id,
            erasing_at=iso(erasure.decided_at),
            due_at=iso(erasure.due_at),
            restored=1,
        )

    def _certify(self, db: Db, erasure: Erasure, actor: Actor) -> None:
        assert erasure.certificate is not None
        assert erasure.erased_at is not None
        finished = finish_erasure(db, erasure.unit, erasure.erased_at)
        issued = select(CertificateRow.id).where(CertificateRow.unit_id == erasure.unit)
        if not finished or db.scalar(issued) is not None:
            return
        db.add(
            CertificateRow(
                id=erasure.certificate_id,
                unit_id=erasure.unit,
                session_id=erasure.session,
                issued_at=erasure.erased_at,
                body=erasure.certificate.body,
                signature=erasure.certificate.signature,
            )
        )
        db.flush()
        db.add(CertificateCopyRow(certificate_id=erasure.certificate_id, copied_at=self._core.clock()))
        enter(
            db,
            self._core.clock,
            actor,
            Action.EVIDENCE_ERASED,
            erasure.session,
            unit_id=erasure.unit,
            certificate=erasure.certificate_id,
            erased_at=iso(erasure.erased_at),
            restored=1,
        )
