"""Values that no column can hold: whatever stands in rows of one session, all others are erased as due."""

import contextlib

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update

from proctoring.casework import procedures, results
from proctoring.custody.model import Action
from proctoring.custody.service import entries
from proctoring.db import Instant
from proctoring.exams.model import Exam, Stream
from proctoring.holds import service as holds
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.model import HoldKind
from proctoring.proofs import stops
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.columns import compared
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.tables import METADATA
from proctoring.proofs.unreadable import ROW_UNREADABLE
from proctoring.recordings import ending
from proctoring.recordings.rotation import Rotation
from proctoring.restore.compare import CopyWatch
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from proctoring.web import health
from storage.errors import NotAuthentic
from tests.support.asgi import AsgiClient
from tests.support.decided import decide_one
from tests.support.world import ADMIN, World
from tests.unit.proctoring.proofs.test_job import found

WORDS, BYTES, NEVER = "abc", b"\xff\x00", "infinity"
OF_SESSION = {
    "sessions": "id = '{0}'",
    "evidence_units": "session_id = '{0}'",
    "takes": "number = 1 AND session_id = '{0}'",
    "holds": "session_id = '{0}'",
    "segments": "position = 0 AND unit_id = (SELECT id FROM evidence_units WHERE session_id = '{0}')",
    "gaps": "unit_id = (SELECT id FROM evidence_units WHERE session_id = '{0}')",
}
"""Tables with a row of a session that has one stream, and the condition that finds it."""
DECIDED = (
    "flags",
    "reviews",
    "incidents",
    "appeals",
    "identity_checks",
    "help_requests",
    "hold_units",
    "exam_records",
)
NUMBER = ("takes", "number")  # which segments name
KINDS = {("sessions", "state"), ("evidence_units", "state"), ("evidence_units", "kind"), ("holds", "kind")}
Marred = dict[tuple[str, str], str]


def garbage(table: str, column: str, dialect: str) -> object:
    """A value that this column of this database holds, and none of ours can be; None where there is none."""
    kind = METADATA.tables[table].columns[column]
    if kind.primary_key or kind.foreign_keys or (table, column) == NUMBER:
        # It would be nobody's row, which the replay finds, or the database refuses it.
        return None
    if (table, column) in KINDS:
        return WORDS
    if dialect == "sqlite":
        return BYTES if kind.type.python_type is str else WORDS
    return NEVER if isinstance(kind.type, Instant) else None


def write(world: World, table: str, column: str, value: object, where: str) -> None:
    """As somebody who may write every row, and the schema."""
    with world.core.db.begin() as db:
        if db.get_bind().dialect.name == "sqlite":
            db.execute(text("PRAGMA ignore_check_constraints = ON"))
        db.execute(text(f"UPDATE {table} SET {column} = :value WHERE {where}"), {"value": value})


def sat(world: World, exam: Exam) -> str:
    """A session that has ended, with a gap, and a hold that was released."""
    session = world.admitted(exam)
    world.record(session)
    world.clock.move(seconds=30)
    world.record(session)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    with world.core.db.begin() as db:
        held = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="Asked for by a court")
    with world.core.db.begin() as db:
        procedures.release(db, world.core, ADMIN, held.id)
    return session.id


def mar(world: World, exam: Exam) -> Marred:
    """A session for each column that can hold garbage, with garbage there; by table and column."""
    dialect = world.core.db.engine.dialect.name
    columns = [(table, one.name) for table in OF_SESSION for one in METADATA.tables[table].columns]
    marred = {one: sat(world, exam) for one in columns if garbage(*one, dialect) is not None}
    for (table, column), session_id in marred.items():
        write(world, table, column, garbage(table, column, dialect), OF_SESSION[table].format(session_id))
    return marred


def mar_decisions(world: World) -> None:
    """Garbage in every row that tells of a decision, and in the exam of it, of one session more; in one that
    records, the instant at which it ought to be over."""
    dialect = world.core.db.engine.dialect.name
    agreed, recording = decide_one(world)
    for table in DECIDED:
        for column in METADATA.tables[table].columns:
            value = garbage(table, column.name, dialect)
            if value is not None:
                write(world, table, column.name, value, "1 = 1")
    for name in ("zone", "count_from"):
        write(world, "exams", name, WORDS, f"id = '{agreed.exam_id}'")
    if dialect == "sqlite":
        write(world, "sessions", "closes_at", 5, f"id = '{recording.id}'")
        write(world, "takes", "heard_at", WORDS, f"session_id = '{recording.id}'")


def jobs(world: World) -> None:
    """Each of the service's jobs once; none may fail."""
    Checkpoints(world.core, world.signer, world.folder / "copy").run()
    CopyWatch(world.core, world.signer.public, world.folder / "copy").look()
    with contextlib.suppress(NotAuthentic):  # that tells of the marred ones, once all others are sealed anew
        Rotation(world.core, world.opener, world.keys, EpochGuard(world.core)).run()
    LedgerReplay(world.core, world.signer).run()
    world.eraser.run()


def states(world: World, session_id: str) -> set[str]:
    with world.core.db.read() as db:
        return set(db.scalars(select(UnitRow.state).where(UnitRow.session_id == session_id)))


def ready(world: World) -> bool:
    app = FastAPI()
    app.include_router(health.routes(world.core, {"database": world.core.db.check}))
    client = AsgiClient(app)
    assert client.get("/metrics").status_code == 200
    told: bool = client.get("/readyz").json()["ready"]
    return told


def stopped(world: World) -> dict[str, str]:
    """Sessions that wait for a person, with what is told of each."""
    with world.core.db.read() as db:
        return {one.session_id: f"{one.codes}: {one.detail}" for one in stops.in_force(db)}


@pytest.mark.promise("P9")
def test_garbage_in_one_session_keeps_no_other(world: World) -> None:
    """Every job goes on. A column that is compared is a finding by its name, the retention worker stops whose
    rows it cannot read, and the service is not ready. Untouched sessions are erased as due."""
    exam = world.exam(streams=(Stream.WEBCAM,))
    free = sat(world, exam)
    marred = mar(world, exam)
    mar_decisions(world)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    due = marred["evidence_units", "due_at"]  # the results have given it a due date again
    value = garbage("evidence_units", "due_at", world.core.db.engine.dialect.name)
    write(world, "evidence_units", "due_at", value, f"session_id = '{due}'")
    world.clock.move(days=40)
    world.keys.ensure_epoch(world.clock())
    told: set[tuple[str, str]] = set()
    world.eraser.foretell()
    for _ in range(2):  # the audit and the sweep come a day later
        jobs(world)
        told |= {(table, column) for table, _, column in found(world)}
        world.clock.move(days=1, minutes=1)
    assert states(world, free) == {UnitState.ERASED.value}
    assert {one for one in marred if one[1] in compared(one[0])} <= told
    assert not ready(world)
    unread = stopped(world)
    assert ROW_UNREADABLE in unread[due]
    assert " due_at holds" in unread[due]
    assert states(world, due) == {UnitState.RETAINED.value}


@pytest.mark.parametrize("value", [WORDS, NEVER])
def test_a_stop_for_garbage_ends_when_the_row_is_put_right(world: World, value: str) -> None:
    """One entry in the ledger however often it is found; then the session is erased like any other. A dry run
    tells of it without a word in the ledger."""
    if value == WORDS and world.database_url:
        pytest.skip("PostgreSQL takes no words for an instant")
    exam = world.exam(streams=(Stream.WEBCAM,))
    session_id = sat(world, exam)
    with world.core.db.read() as db:
        due = db.scalars(select(UnitRow.due_at).where(UnitRow.session_id == session_id)).one()
    write(world, "evidence_units", "due_at", value, f"session_id = '{session_id}'")
    world.clock.now = due
    assert [ROW_UNREADABLE in one.codes for one in world.eraser.foretell().stops] == [True]
    for _ in range(3):
        assert world.eraser.run() == []
    with world.core.db.read() as db:
        acts = [one.action for one in entries(db, session_id)]
    assert acts.count(Action.ERASURE_STOP) == 1
    with world.core.db.begin() as db:
        db.execute(update(UnitRow).where(UnitRow.session_id == session_id).values(due_at=due))
    world.eraser.run()
    assert stopped(world) == {}
    assert states(world, session_id) == {UnitState.ERASED.value}


def test_a_brake_whose_row_cannot_be_read_is_in_force(world: World) -> None:
    """Garbage in what holds for all never lets anything go, and ends no pass."""
    with world.core.db.begin() as db:
        worker_state.pull(db, world.core, Brake(BrakeCause.LONG_PAUSE, "a long pause"))
    write(world, "retention_brakes", "cause", WORDS, "1 = 1")
    world.eraser.run()
    with world.core.db.read() as db:
        brake = worker_state.brake_in_force(db)
    assert brake is not None
    assert "cannot be read" in brake.detail
    assert not ready(world)
