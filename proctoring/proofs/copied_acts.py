"""Copies the acts that decide over evidence off the host, right after the commit that made them.

The copy is written before the caller is answered that evidence is held, and before the first object of an
erasure is deleted. Both need a process that has the copy and the signing key. Where the copy cannot be
written the act is still valid; every later act and every round of the job tries again.
"""

from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import head
from proctoring.errors import Contended
from proctoring.holds.rows import HoldUnitRow
from proctoring.proofs.bodies import DECISIVE, Act
from proctoring.quarantine.rows import STATE_ID, ActsCopiedRow
from proctoring.tolerant import UNREADABLE, came_of
from proctoring.units.rows import UnitRow
from storage.proofs import witness
from storage.proofs.sign import NoteSigner, Purpose, sign_body
from storage.proofs.witness import ActCopy

BATCH = 1000

log = structlog.get_logger()


class ActCopier:
    """Signs and appends the ledger's DECISIVE acts after the last copied one."""

    def __init__(self, core: Core, signer: NoteSigner, copy: Path) -> None:
        self._core = core
        self._signer = signer
        self._copy = copy

    def run(self) -> int:
        """Copy all that is not copied; how many lines. Raises OSError when the copy cannot be written."""
        copied = 0
        while True:
            with self._core.db.read() as db:
                acts, through = _not_copied(db)
            if through is None:
                return copied
            lines = [_copy(act, self._signer) for act in acts]
            copied += witness.append(self._copy, lines)
            with self._core.db.begin() as db:
                mine = ActsCopiedRow.id == STATE_ID, ActsCopiedRow.through < through
                db.execute(update(ActsCopiedRow).where(*mine).values(through=through))

    def at_once(self) -> None:
        """The same after a commit: a failure is logged, and the commit stays."""
        try:
            self.run()
        except (OSError, SQLAlchemyError, Contended):
            log.exception("acts.not_copied")


def copy_acts(core: Core, signer: NoteSigner) -> None:
    """From now on this process copies every decisive act after its commit, when it has a copy."""
    if core.settings.checkpoint_copy is not None:
        copier = ActCopier(core, signer, core.settings.checkpoint_copy)
        for action in DECISIVE:
            core.db.listen(action.value, copier.at_once)


def _copy(act: Act, signer: NoteSigner) -> ActCopy:
    body = act.body()
    return ActCopy(body, sign_body(signer, Purpose.ACT, body))


def _not_copied(db: Db) -> tuple[list[Act], int | None]:
    """The next acts, and up to which entry they reach; None when there is nothing new."""
    through = db.get_one(ActsCopiedRow, STATE_ID).through
    query = select(EntryRow.number).where(
        EntryRow.number > through, EntryRow.action.in_([action.value for action in DECISIVE])
    )
    numbers = list(db.scalars(query.order_by(EntryRow.number).limit(BATCH)))
    if not numbers:
        return [], None
    acts = [act for number in numbers if (act := _readable_act(db, number)) is not None]
    return acts, numbers[-1] if len(numbers) == BATCH else head(db)[0]


def _readable_act(db: Db, number: int) -> Act | None:
    """None where a row of it cannot be read: the others do not wait for it."""
    try:
        return _act(db, db.get_one(EntryRow, number))
    except UNREADABLE as error:
        log.error("act.unreadable", entry=number, error=came_of(error))
        return None


def _act(db: Db, row: EntryRow) -> Act:
    action, session = Action(row.action), row.session_id or ""
    if action is Action.EVIDENCE_ERASE:
        unit_id, due_at = db.execute(
            select(UnitRow.id, UnitRow.due_at).where(UnitRow.id == row.unit_id)
        ).one()
        return Act(action, row.at, row.number, session, (unit_id,), due_at=due_at)
    hold = row.detail["hold"]
    covered = select(HoldUnitRow.unit_id).where(HoldUnitRow.hold_id == hold).order_by(HoldUnitRow.unit_id)
    units = tuple(db.scalars(covered))
    return Act(action, row.at, row.number, session, units, hold, row.detail["kind"])
