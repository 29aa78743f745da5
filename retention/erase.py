"""Erasure: one transaction decides and destroys the key, then the objects are deleted and absence is
verified. Then the rows go that told of what was recorded.

A crash anywhere resumes. A unit that is being erased stays due, and every step may be repeated, also by
several workers at once. Nothing new is decided while a brake is in force.
"""

from collections.abc import Collection, Iterator
from datetime import datetime

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Actor
from proctoring.errors import Contended
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, too_much
from proctoring.proofs import stops
from proctoring.quarantine.service import check_none
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
from retention.overdue import end_overdue
from retention.plan import Fate, PlanLine, count_due, plan, sessions_due
from retention.removal import remove_rows, remove_rows_left
from retention.rules import Rules
from retention.stray_objects import audit_erased, sweep_strays
from retention.words import Words
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
        *,
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
        self._words = Words(core, self._guard)

    def run(
        self,
        at: datetime | None = None,
        actor: Actor = SYSTEM,
        confirmed: bool = False,
        despite: Collection[str] = (),
    ) -> list[ErasureOutcome]:
        """One pass as of `at` (now by the database's clock when None): every unit that goes, with its
        outcome.

        One unit's failure stops no other; it stays due and the next pass tries again. While a brake is in
        force nothing new is decided. `confirmed` says that a person has looked: it releases every brake and
        pulls none. A pass as of `at` asks no clock and pulls no lasting brake.

        A session whose rows contradict the ledger is stopped. `despite` names those that a person has looked
        at and erases anyway. Raises Quarantined, and touches nothing, while the database is not whole.
        """
        return list(self._pass(at, actor, confirmed, despite))

    def pass_now(self) -> int:
        """The same for the job, as of now: how many units were erased. Keeps no outcome in memory."""
        return sum(1 for outcome in self._pass(None, SYSTEM, False, ()) if outcome.certificate_id)

    def _pass(
        self, at: datetime | None, actor: Actor, confirmed: bool, despite: Collection[str]
    ) -> Iterator[ErasureOutcome]:
        with self._core.db.read() as db:
            check_none(db)
        doubt = self._clocks.doubt() if at is None and not confirmed else Doubt()
        now, brake = self._core.db.transact(lambda db: self._begin(db, at, actor, confirmed, doubt))
        looked_at = end_overdue(self._core) if brake is None else set()  # a wrong clock must end none either
        with self._core.db.read() as db:
            due = sessions_due(db, now)
            pulled = None if brake is not None or confirmed else self._share(db, now)
        if pulled is not None:
            brake = self._core.db.transact(lambda db: pull(db, self._core, pulled)) if at is None else pulled
        for session_id in looked_at:
            self._guard.stop(self._guard.unreadable(session_id))
        failures = 0
        for session_id in due:
            if session_id in looked_at:
                continue
            decision = Decision(now, actor, session_id in despite)
            for outcome in self._of_session(session_id, decision, brake, looked_at):
                failures += outcome.failure is not None
                yield outcome
        self._guard.look_again(but=looked_at)
        with self._core.db.begin() as db:
            today = self._core.db.now(db)
            worker_state.passed(db, today, failures)
        if brake is None:
            self._words.end(now, actor)
            remove_rows_left(self._core, self._guard)
            audit_erased(self._core, self._shredder, self._guard, self._rules, today)
            sweep_strays(self._core, self._shredder, self._guard, self._rules, today)

    def foretell(self, at: datetime | None = None) -> Foretold:
        """What a pass as of `at` (now by the database's clock when None) would do; touches nothing."""
        with self._core.db.read() as db:
            return foretell(db, self._guard, at or self._core.db.now(db))

    def _begin(
        self, db: Db, at: datetime | None, actor: Actor, confirmed: bool, doubt: Doubt
    ) -> tuple[datetime, Brake | None]:
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
        if brake is None and at is None:
            self._clocks.mark(db, reading.database, actor)
        return at or reading.database, brake

    def _share(self, db: Db, now: datetime) -> Brake | None:
        due = count_due(db, now)
        if due < self._rules.brake.units_min:
            return None
        living = select(func.count()).select_from(UnitRow).where(UnitRow.state.in_(LIVING_VALUES))
        return too_much(due, db.scalar(living) or 0, self._rules.brake)

    def _of_session(
        self, session_id: str, decision: Decision, brake: Brake | None, looked_at: set[str]
    ) -> list[ErasureOutcome]:
        with self._core.db.read() as db:
            planned = plan(db, decision.now, session_id)
        if planned.unreadable:
            looked_at.add(session_id)
            self._guard.stop(self._guard.unreadable(session_id))
        going = [line for line in planned.lines if line.fate is Fate.GOES]
        braked = [] if brake is None else [line for line in going if not line.begun]
        going = [line for line in going if line not in braked]
        outcomes = [
            ErasureOutcome(line, failure=f"{BRAKED}: {brake.detail}") for line in braked if brake is not None
        ]
        if going:
            looked_at.add(session_id)
            outcomes += self._erase(going, decision)
        return outcomes

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
            remove_rows(self._core, line.unit_id)
            certificate_id = self._core.db.transact(
                lambda db: certify(
                    db,
                    self._core,
                    self._signer,
                    unit_id=line.unit_id,
                    as_of=decision.now,
                    actor=decision.actor,
                    removed=removed,
                    backup_horizon=self._rules.backup_horizon,
                )
            )
        except Exception as error:
            # Whatever went wrong with one unit, the next must not wait for it.
            log.exception("erasure.incomplete", unit=line.unit_id)
            return ErasureOutcome(line, failure=str(error) or type(error).__name__)
        log.info("erasure.done", unit=line.unit_id, certificate=certificate_id, objects=removed.objects)
        return ErasureOutcome(line, certificate_id)
