"""Erasure: one transaction decides and destroys the key, then the objects go, then absence is verified.

A crash anywhere resumes: a unit that is being erased is due for ever, and every step may be repeated.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.rows import CertificateRow, EntryRow
from proctoring.custody.service import enter
from proctoring.recordings.model import EndCause, UnitState
from proctoring.recordings.rows import TakeRow, UnitRow
from proctoring.recordings.service import end_open_takes
from proctoring.recordings.settle import abandoned_sessions
from proctoring.sessions.service import expire_overdue
from retention.certificate import Certificate
from retention.plan import Fate, PlanLine, plan
from storage.errors import StoreFailed
from storage.shred import Shredded, Shredder
from storage.sign import Signer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass did to one unit. `certificate_id` is set once it is gone, `failure` when it is not."""

    line: PlanLine
    certificate_id: str | None = None
    failure: str | None = None


class Eraser:
    """Holds the power to destroy and no other."""

    def __init__(self, core: Core, shredder: Shredder, signer: Signer) -> None:
        self._core = core
        self._shredder = shredder
        self._signer = signer

    def run(self, at: datetime | None = None, actor: Actor = SYSTEM) -> list[Outcome]:
        """One pass as of `at` (now when None): every unit that is not erased yet, with what became of it.

        One unit's failure stops no other; it stays due and is tried again by the next pass.
        """
        now = at or self._core.clock()
        with self._core.db.begin() as db:
            expire_overdue(db, self._core)
            end_open_takes(
                db, self._core, EndCause.SERVER_STOPPED, abandoned_sessions(db, self._core.clock())
            )
            lines = plan(db, now)
        outcomes: list[Outcome] = []
        for _, group in groupby(lines, key=lambda line: line.session_id):
            mine = list(group)
            outcomes += [Outcome(line) for line in mine if line.fate is Fate.STAYS]
            outcomes += self._erase([line for line in mine if line.fate is Fate.GOES], now, actor)
        return outcomes

    def _erase(self, lines: list[PlanLine], now: datetime, actor: Actor) -> list[Outcome]:
        """Erase units of one session. All of them are decided at one instant, or none: a hold on the
        session never finds half of it gone."""
        try:
            with self._core.db.begin() as db:
                for line in sorted(lines, key=lambda line: line.unit_id):
                    _decide(db, self._core, line.unit_id, now, actor)
        except _HeldMeanwhile:
            return [Outcome(line, failure="a hold came first") for line in lines]
        return [self._finish(line, now, actor) for line in lines]

    def _finish(self, line: PlanLine, now: datetime, actor: Actor) -> Outcome:
        try:
            removed = self._shredder.shred(line.unit_id)
        except StoreFailed as error:
            log.error("erasure.incomplete", unit=line.unit_id, detail=str(error))
            return Outcome(line, failure=str(error))
        with self._core.db.begin() as db:
            certificate_id = self._certify(db, line.unit_id, now, actor, removed)
        log.info("erasure.done", unit=line.unit_id, certificate=certificate_id, objects=removed.objects)
        return Outcome(line, certificate_id)

    def _certify(self, db: Db, unit_id: str, as_of: datetime, actor: Actor, removed: Shredded) -> str:
        finished = (
            update(UnitRow)
            .where(UnitRow.id == unit_id, UnitRow.state == UnitState.ERASING.value)
            .values(state=UnitState.ERASED.value, erased_at=self._core.clock())
            .returning(UnitRow.id)
        )
        if db.scalar(finished) is None:  # another worker was faster
            issued = select(CertificateRow.id).where(CertificateRow.unit_id == unit_id)
            return db.scalars(issued).one()
        unit = db.get_one(UnitRow, unit_id)
        assert unit.erasing_at is not None
        assert unit.erased_at is not None
        decided = select(EntryRow.number).where(
            EntryRow.unit_id == unit_id, EntryRow.action == Action.EVIDENCE_ERASE.value
        )
        certificate = Certificate(
            id=self._core.new_id(),
            unit=unit.id,
            session=unit.session_id,
            kind=unit.kind,
            due_at=unit.due_at,
            as_of=as_of,
            decided_at=unit.erasing_at,
            erased_at=unit.erased_at,
            ledger_number=db.scalars(decided).one(),
            kek_epoch=unit.kek_epoch,
            leaves=unit.manifest_size,
            manifest_head=unit.manifest_head,
            removed=removed,
        )
        body = certificate.body()
        db.add(
            CertificateRow(
                id=certificate.id,
                unit_id=unit.id,
                session_id=unit.session_id,
                issued_at=unit.erased_at,
                body=body,
                signature=self._signer.sign(body.encode()).hex(),
            )
        )
        db.flush()
        enter(
            db,
            self._core.clock,
            actor,
            Action.EVIDENCE_ERASED,
            unit.session_id,
            unit.id,
            certificate=certificate.id,
        )
        return certificate.id


class _HeldMeanwhile(Exception):
    """Rule 2 does not hold any more."""


def _decide(db: Db, core: Core, unit_id: str, now: datetime, actor: Actor) -> None:
    """Destroy the key if rule 2 holds at this very instant. Raises _HeldMeanwhile when it does not."""
    erase_id = core.new_id()
    decided = (
        update(UnitRow)
        .where(
            UnitRow.id == unit_id,
            UnitRow.state == UnitState.RETAINED.value,
            UnitRow.active_holds == 0,
            UnitRow.due_at <= now,
        )
        .values(
            state=UnitState.ERASING.value,
            sealed_private_key=None,
            erase_id=erase_id,
            erasing_at=core.clock(),
        )
        .returning(UnitRow.session_id)
    )
    session_id = db.scalar(decided)
    if session_id is None:
        if db.get_one(UnitRow, unit_id).state in (UnitState.ERASING.value, UnitState.ERASED.value):
            return
        raise _HeldMeanwhile
    db.execute(update(TakeRow).where(TakeRow.unit_id == unit_id).values(sealed_key=None))
    enter(
        db, core.clock, actor, Action.EVIDENCE_ERASE, session_id, unit_id, erase_id=erase_id, as_of=iso(now)
    )
