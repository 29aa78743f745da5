"""Edits of rows by somebody who wants evidence destroyed, and all cases by the words of the table."""

from datetime import timedelta

from sqlalchemy import delete, select, update

from proctoring.appeals.model import AppealState
from proctoring.appeals.rows import AppealRow
from proctoring.exams.model import CountFrom
from proctoring.exams.rows import ExamRow
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.identity.rows import IdentityCheckRow
from proctoring.incidents.model import IncidentState
from proctoring.incidents.rows import IncidentRow
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from tests.attacks.erasure_ledger import LEDGER, LEGAL
from tests.attacks.erasure_scene import (
    Case,
    Edit,
    Scene,
    held_by,
    let_go,
    nothing,
    open_appeal,
    open_incident,
    recompute,
)
from tests.support.world import START

FAR = timedelta(days=400)


def _rows_gone(scene: Scene) -> None:
    mine = scene.held.id
    ours = select(HoldRow.id).where(HoldRow.session_id == mine)
    scene.write(
        delete(IncidentRow).where(IncidentRow.session_id == mine),
        delete(AppealRow).where(AppealRow.session_id == mine),
        delete(HoldUnitRow).where(HoldUnitRow.hold_id.in_(ours)),
        delete(HoldRow).where(HoldRow.session_id == mine),
        scene.units_are(active_holds=0),
    )


def _procedures_closed(scene: Scene) -> None:
    let_go(scene)
    incident = update(IncidentRow).where(IncidentRow.session_id == scene.held.id)
    appeal = update(AppealRow).where(AppealRow.session_id == scene.held.id)
    scene.write(
        incident.values(state=IncidentState.CLOSED.value), appeal.values(state=AppealState.CLOSED.value)
    )


def _hold_elsewhere(scene: Scene) -> None:
    """The hold becomes a released one of the other session, and covers nothing."""
    mine = HoldRow.session_id == scene.held.id
    away = {"session_id": scene.free.id, "released_at": scene.world.clock()}
    scene.write(
        delete(HoldUnitRow).where(HoldUnitRow.hold_id.in_(select(HoldRow.id).where(mine))),
        update(HoldRow).where(mine).values(**away),
        scene.units_are(active_holds=0),
    )


def _units_elsewhere(scene: Scene) -> None:
    """Held units become those of an ended session that nothing holds and that has no such units."""
    let_go(scene)
    other = scene.world.ended(scene.world.exam(streams=scene.exam.profile.streams[:1]))
    first = scene.exam.profile.streams[0].value
    moved = UnitRow.session_id == scene.held.id, UnitRow.kind != first
    now = scene.world.clock()
    scene.write(
        update(TakeRow)
        .where(TakeRow.session_id == scene.held.id, TakeRow.stream != first)
        .values(session_id=other.id),
        update(UnitRow).where(*moved).values(session_id=other.id, due_at=now),
        update(UnitRow).where(UnitRow.session_id == other.id).values(due_at=now),
    )


def _state(state: UnitState) -> Edit:
    def edit(scene: Scene) -> None:
        let_go(scene)
        now = scene.world.clock()
        erased = now if state is UnitState.ERASED else None
        scene.write(scene.units_are(state=state.value, erasing_at=now, erased_at=erased))

    return edit


def _one_unit_free(scene: Scene) -> None:
    """The hold goes on, by its row; one unit is neither counted nor covered."""
    scene.write(
        delete(HoldUnitRow).where(HoldUnitRow.unit_id == scene.units[0]),
        update(UnitRow).where(UnitRow.id == scene.units[0]).values(active_holds=0),
    )


_WAYS = {
    "hold released and counter cleared by two UPDATEs": let_go,
    "every row of the hold and its procedure deleted": _rows_gone,
    "hold released, its procedure closed": _procedures_closed,
    "hold moved to another session": _hold_elsewhere,
    "units moved to another session": _units_elsewhere,
    "its erasure seems to have begun": _state(UnitState.ERASING),
    "its erasure seems to be over, and the audit finds it": _state(UnitState.ERASED),
}
_HOLDERS = {
    **{f"{kind.value} hold": held_by(kind) for kind in HoldKind},
    "open incident": open_incident,
    "open appeal": open_appeal,
}
HELD = {
    f"held evidence: {way}": [Case(f"{holder}: {way}", _HOLDERS[holder], _WAYS[way]) for holder in _HOLDERS]
    for way in _WAYS
} | {"held evidence: one unit neither counted nor covered": [Case("one unit", LEGAL, _one_unit_free)]}


def _exam(**values: object) -> Edit:
    """The exam's row is edited, and the service computes due dates from it."""

    def edit(scene: Scene) -> None:
        scene.write(update(ExamRow).where(ExamRow.id == scene.exam.id).values(**values))
        recompute(scene)

    return edit


def _ended_long_ago(scene: Scene) -> None:
    """The end of the session is moved, and results that came later are withdrawn."""
    scene.write(
        update(SessionRow).where(SessionRow.id == scene.held.id).values(ended_at=START - FAR),
        update(ExamRow).where(ExamRow.id == scene.exam.id).values(results_published_at=None),
    )
    recompute(scene)


def _other_exam(scene: Scene) -> None:
    short = scene.world.exam(streams=scene.exam.profile.streams)
    scene.write(update(ExamRow).where(ExamRow.id == short.id).values(objection_days=0, count_from="exam-end"))
    scene.write(update(SessionRow).where(SessionRow.id == scene.held.id).values(exam_id=short.id))
    recompute(scene)


def _card_compared(scene: Scene) -> None:
    """A comparison of the card that nobody made lets the copy go before the footage."""
    row = {"session_id": scene.held.id, "confirmed": True, "reason": "", "checked_by": "anna"}
    scene.write(
        IdentityCheckRow.__table__.insert().values(**row, checked_at=START),  # type: ignore[attr-defined]
        update(UnitRow)
        .where(UnitRow.session_id == scene.held.id, UnitRow.kind == "identity")
        .values(due_at=START),
    )


def _leaves_gone(scene: Scene) -> None:
    """Every segment seems to be a stray: what has no leaf is swept a day after the end."""
    scene.write(
        delete(SegmentRow).where(SegmentRow.unit_id.in_(scene.units)),
        scene.units_are(manifest_size=0, swept_at=None),
    )


def _still_recording(scene: Scene) -> None:
    """A session under way seems closed and due."""
    open_one = scene.world.admitted(scene.exam)
    scene.world.record(open_one)
    closed = {"state": UnitState.RETAINED.value, "due_at": START}
    scene.write(update(UnitRow).where(UnitRow.session_id == open_one.id).values(**closed))


EARLY = {
    f"not due yet: {name}": [Case(name, nothing, edit, early=True)]
    for name, edit in {
        "due date of the units": lambda scene: scene.write(scene.units_are(due_at=START)),
        "objection period of the exam": _exam(objection_days=0),
        "results of the exam published earlier": _exam(results_published_at=START - FAR, objection_days=0),
        "exam counts from its end, for no day": _exam(count_from=CountFrom.EXAM_END.value, objection_days=0),
        "time zone and period of the exam": _exam(zone="Pacific/Kiritimati", objection_days=0),
        "end of the session": _ended_long_ago,
        "exam of the session": _other_exam,
        "a comparison of the card that nobody made": _card_compared,
        "erasure seems to have begun": _state(UnitState.ERASING),
        "erasure seems to be over": _state(UnitState.ERASED),
        "leaves deleted, segments seem to be strays": _leaves_gone,
        "a session under way seems closed": _still_recording,
    }.items()
}


CASES = HELD | EARLY | LEDGER
