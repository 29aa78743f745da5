"""Erasure: one transaction decides and destroys the key, then the objects are deleted, then absence is
verified.

A crash anywhere resumes. A unit that is being erased stays due, and every step may be repeated, also by
several workers at once. Nothing new is decided while a brake is in force.
"""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.apart import failed_apart
from proctoring.custody.model import SYSTEM, Actor
from proctoring.errors import Contended
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, too_much
from proctoring.proofs import stops
from proctoring.quarantine.service import check_none
from proctoring.recordings.ending import expire_overdue
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import end_open_takes
from proctoring.recordings.settle import abandoned_sessions, settle_unheard
from proctoring.records.service import erase_words
from proctoring.sessions.service import session_row
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow
from retention.certify import certify
from retention.clocks import AskTime, Clocks, Doubt, Ticks, nobody, pull, system_ticks
from retention.decide import Decision, HeldMeanwhile, decide
from retention.foretell import Foretold, foretell
from retention.guard import Disputed, Guard
from retention.outcome import BRAKED, STOPPED, ErasureOutcome
from retention.plan import Fate, Plan, PlanLine, plan
from retention.rules import Rules
from retention.stray_objects import audit_erased, sweep_strays
from retention.words import end_words
from storage.objects.shred import Shredder
from storage.proofs.sign import Signer

log = structlog.get_logger()


class Eraser:
    """Holds the power to destroy and no other. One at a time per instance; several instances are harmless."""

    def __init__(
        self,
        core: Core,
        shredder: Shredder,
        signer: Signer,
        rules: Rules | None = None,
        ticks: Ticks = system_ticks,
        ask_time: AskTime = nobody,
    ) -> None:
        self._core = core
        self._shredder = shredder
        self._signer = signer
        self._rules = rules or Rules()
        self._clocks = Clocks(core, self._rules.brake, ticks, ask_time)
        self._guard = Guard(core, signer.public)

    def run(
        self,
        at: datetime | None = None,
        actor: Actor = SYSTEM,
        confirmed: bool = False,
        despite: Collection[str] = (),
    ) -> list[ErasureOutcome]:
        """One pass as of `at` (now by the database's clock when None): every unit that is not erased yet,
        with its outcome.

        One unit's failure stops no other; it stays due and the next pass tries again. While a brake is in
        force nothing new is decided. `confirmed` says that a person has looked: it releases every brake and
        pulls none. A pass as of `at` asks no clock and pulls no lasting brake.

        A session whose rows contradict the ledger is stopped. `despite` names those that a person has looked
        at and erases anyway. Raises Quarantined, and touches nothing, while the database is not whole.
        """
        with self._core.db.read() as db:
            check_none(db)
        doubt = self._clocks.doubt() if at is None and not confirmed else Doubt()
        planned, now, brake = self._core.db.transact(lambda db: self._begin(db, at, actor, confirmed, doubt))
        outcomes: list[ErasureOutcome] = []
        looked_at = set(planned.unreadable)
        for session_id in planned.unreadable:
            self._guard.stop(self._guard.unreadable(session_id))
        for session_id, group in groupby(planned.lines, key=lambda line: line.session_id):
            mine = list(group)
            outcomes += [ErasureOutcome(line) for line in mine if line.fate is Fate.STAYS]
            going = [line for line in mine if line.fate is Fate.GOES]
            if brake is not None:
                braked = [line for line in going if not line.begun]
                outcomes += [ErasureOutcome(line, failure=f"{BRAKED}: {brake.detail}") for line in braked]
                going = [line for line in going if line.begun]
            if going:
                looked_at.add(session_id)
                outcomes += self._erase(going, Decision(now, actor, session_id in despite))
        failures = sum(1 for outcome in outcomes if outcome.failure)
        self._guard.look_again(but=looked_at)
        with self._core.db.begin() as db:
            today = self._core.db.now(db)
            worker_state.passed(db, today, failures)
        if brake is None:
            end_words(self._core, self._guard, now, actor)
            audit_erased(self._core, self._shredder, self._guard, self._rules, today)
            sweep_strays(self._core, self._shredder, self._guard, self._rules, today)
        return outcomes

    def foretell(self, at: datetime | None = None) -> Foretold:
        """What a pass as of `at` (now by the database's clock when None) would do; touches nothing."""
        with self._core.db.read() as db:
            return foretell(db, self._guard, at or self._core.db.now(db))

    def _begin(
        self, db: Db, at: datetime | None, actor: Actor, confirmed: bool, doubt: Doubt
    ) -> tuple[Plan, datetime, Brake | None]:
        core = self._core
        reading = self._clocks.read(db)
        if confirmed:
            worker_state.release_all(db, core, actor)
            brake = None
        elif at is None:
            brake = self._clocks.brake(db, doubt)
        else:
            brake = worker_state.brake_in_force(db)
        self._clocks.remember(reading)
        if brake is None:  # a wrong clock must not end sessions either
            if at is None:
                self._clocks.mark(db, reading.database, actor)
            expire_overdue(db, core)
            end_open_takes(db, core, EndCause.SERVER_STOPPED, abandoned_sessions(db, core.clock()))
            settle_unheard(db, core.clock())
        now = at or reading.database
        planned = plan(db, now)
        planned.unreadable[:] = sorted({*planned.unreadable, *failed_apart(db)})
        if brake is None and not confirmed:
            brake = self._share(db, planned.lines)
            if at is None:
                brake = pull(db, core, brake)
        return planned, now, brake

    def _share(self, db: Db, lines: list[PlanLine]) -> Brake | None:
        due = sum(1 for line in lines if line.fate is Fate.GOES and not line.begun)
        living = (
            db.scalar(select(func.count()).select_from(UnitRow).where(UnitRow.state.in_(LIVING_VALUES))) or 0
        )
        return too_much(due, living, self._rules.brake)

    def _erase(self, lines: list[PlanLine], decision: Decision) -> list[ErasureOutcome]:
        """Erase units of one session. All of them are decided at one instant, or none: a hold on the
        session never finds half of it gone."""
        unit_ids = [line.unit_id for line in lines]
        session_id = lines[0].session_id
        try:
            with self._guard.reading(session_id):
                self._core.db.transact(lambda db: self._decide(db, unit_ids, session_id, decision))
        except HeldMeanwhile:
            return [ErasureOutcome(line, failure="a hold came first") for line in lines]
        except Contended as error:
            return [ErasureOutcome(line, failure=str(error)) for line in lines]
        except Disputed as disputed:
            self._guard.stop(disputed)
            return [ErasureOutcome(line, failure=f"{STOPPED}: {disputed}") for line in lines]
        return [self._finish(line, decision) for line in lines]

    def _decide(self, db: Db, unit_ids: list[str], session_id: str, decision: Decision) -> None:
        session_row(db, session_id, lock=True)  # before its units, as whoever writes about it does
        decide(db, self._core, self._guard, unit_ids, decision)
        erase_words(db, self._core, decision.actor, session_id, decision.now)
        stops.resume(db, self._core, session_id, decision.actor)

    def _finish(self, line: PlanLine, decision: Decision) -> ErasureOutcome:
        try:
            self._core.db.forget_deleted()
            removed = self._shredder.shred(line.unit_id)
            certificate_id = self._core.db.transact(
                lambda db: certify(
                    db,
                    self._core,
                    self._signer,
                    line.unit_id,
                    decision.now,
                    decision.actor,
                    removed,
                    self._rules.backup_horizon,
                )
            )
        except Exception as error:
            # Whatever went wrong with one unit, the next must not wait for it.
            log.exception("erasure.incomplete", unit=line.unit_id)
            return ErasureOutcome(line, failure=str(error) or type(error).__name__)
        log.info("erasure.done", unit=line.unit_id, certificate=certificate_id, objects=removed.objects)
        return ErasureOutcome(line, certificate_id)
