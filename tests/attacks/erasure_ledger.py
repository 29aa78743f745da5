"""Edits of ledger entries by somebody who wants held evidence destroyed, or destroyed before it is due."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import GENESIS, Action, Actor, entry_body, entry_hash
from proctoring.custody.rows import CheckpointRow, EntryRow, LedgerHeadRow
from proctoring.holds.model import HoldKind
from tests.attacks.erasure_scene import Case, Edit, Scene, held_by, let_go, nothing
from tests.support.world import START

FAR = timedelta(days=400)
LEGAL = held_by(HoldKind.LEGAL)


def _placed(scene: Scene) -> Any:
    """The ledger's entry of the hold."""
    return EntryRow.session_id == scene.held.id, EntryRow.action == Action.HOLD_PLACE.value


def _entry(**values: object) -> Edit:
    def edit(scene: Scene) -> None:
        let_go(scene)
        scene.write(update(EntryRow).where(*_placed(scene)).values(**values))

    return edit


def _deleted(scene: Scene) -> None:
    let_go(scene)
    scene.write(delete(EntryRow).where(*_placed(scene)))


def _other_session(scene: Scene) -> None:
    let_go(scene)
    scene.write(update(EntryRow).where(*_placed(scene)).values(session_id=scene.free.id))


def _forged_release(scene: Scene) -> None:
    """Appended with a hash that follows from nothing."""
    let_go(scene)
    with scene.core.db.read() as db:
        placed = db.scalars(select(EntryRow).where(*_placed(scene))).one()
        number = db.scalars(select(LedgerHeadRow.number)).one() + 1
    row = {
        "number": number,
        "at": scene.world.clock(),
        "actor": "bert",
        "role": "proctor",
        "action": Action.HOLD_RELEASE.value,
        "session_id": scene.held.id,
        "detail": placed.detail,
        "prev": placed.hash,
        "hash": "0" * 64,
    }
    scene.write(
        EntryRow.__table__.insert().values(**row),  # type: ignore[attr-defined]
        update(LedgerHeadRow).values(number=number),
    )


def rechain(db: Db, first: int) -> None:
    """Make every hash from entry `first` on fit what the entries say."""
    prev = db.scalar(select(EntryRow.hash).where(EntryRow.number == first - 1)) or GENESIS
    for row in db.scalars(select(EntryRow).where(EntryRow.number >= first).order_by(EntryRow.number)):
        actor, act = Actor(row.actor, row.role), Action(row.action)
        body = entry_body(
            number=row.number,
            at=row.at,
            actor=actor,
            action=act,
            session_id=row.session_id,
            unit_id=row.unit_id,
            detail=row.detail,
            prev=prev,
        )
        row.prev, row.hash = prev, entry_hash(body)
        prev = row.hash
    db.execute(update(LedgerHeadRow).values(hash=prev))


def _rechained(scene: Scene) -> None:
    """The hold's entry becomes a view, and every hash from there on is made to fit."""
    let_go(scene)
    with scene.core.db.begin() as db:
        placed = db.scalars(select(EntryRow).where(*_placed(scene))).one()
        placed.action = Action.EVIDENCE_VIEW.value
        db.flush()
        rechain(db, placed.number)


def _without_checkpoints(edit: Edit) -> Edit:
    def both(scene: Scene) -> None:
        scene.write(delete(CheckpointRow))
        edit(scene)

    return both


def _signed_hold(scene: Scene) -> None:
    LEGAL(scene)
    scene.signed()


def _cut(scene: Scene) -> None:
    """The end of the ledger, with the hold, is cut off."""
    let_go(scene)
    with scene.core.db.read() as db:
        number = db.scalars(select(EntryRow.number).where(*_placed(scene))).one()
        last = db.get_one(EntryRow, number - 1)
    scene.write(
        delete(EntryRow).where(EntryRow.number >= number),
        update(LedgerHeadRow).values(number=last.number, hash=last.hash),
    )


def _end_moved(scene: Scene) -> None:
    """The end of the session in row and ledger, and the due date that follows from it."""
    mine = EntryRow.session_id == scene.held.id, EntryRow.action == Action.SESSION_FINISH.value
    scene.write(
        update(EntryRow).where(*mine).values(detail={"ended_at": "2025-01-01T00:00:00.000Z"}),
        scene.units_are(due_at=START),
    )


def _period_in_the_ledger(scene: Scene) -> None:
    with scene.core.db.read() as db:
        created = select(EntryRow).where(EntryRow.action == Action.EXAM_CREATE.value)
        detail = db.scalars(created).one().detail | {"objection_days": 0, "count_from": "exam-end"}
    scene.write(
        update(EntryRow).where(EntryRow.action == Action.EXAM_CREATE.value).values(detail=detail),
        scene.units_are(due_at=START + timedelta(hours=15)),
    )


_LEDGER: dict[str, Callable[[Scene], None]] = {
    "entry of the hold deleted": _deleted,
    "entry of the hold is about another session": _other_session,
    "entry of the hold is another act": _entry(action=Action.EVIDENCE_VIEW.value),
    "entry of the hold is no act of ours": _entry(action="hold:forgotten"),
    "entry of the hold names another hold": _entry(detail={"hold": "x", "kind": "legal", "units": 0}),
    "entry of the hold is earlier": _entry(at=START - FAR),
    "hash of the entry is no hash": _entry(hash="none"),
    "a release is forged": _forged_release,
}
_BEFORE: dict[str, tuple[Edit, Callable[[Edit], Edit]]] = {
    "signed ledger": (_signed_hold, lambda edit: edit),
    "unsigned end of the ledger": (LEGAL, lambda edit: edit),
    "ledger whose checkpoints are deleted": (_signed_hold, _without_checkpoints),
}
LEDGER = {
    f"held evidence: {name}": [
        Case(f"{ledger}: {name}", before, how(edit), all=True) for ledger, (before, how) in _BEFORE.items()
    ]
    for name, edit in _LEDGER.items()
} | {
    "held evidence: signed ledger rewritten with every hash": [
        Case("rewritten", _signed_hold, _rechained, all=True)
    ],
    "held evidence: signed ledger cut off before the hold": [Case("cut", _signed_hold, _cut, all=True)],
    "not due yet: end of the session in the ledger": [Case("end", nothing, _end_moved, early=True, all=True)],
    "not due yet: period of the exam in the ledger": [
        Case("period", nothing, _period_in_the_ledger, early=True, all=True)
    ],
}
