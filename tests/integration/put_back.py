"""A world whose proofs are copied elsewhere, and its database put back to an old backup."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from proctoring.casework import results
from proctoring.custody.service import head
from proctoring.exams.model import Exam
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from storage.proofs import witness
from tests.support import postgres
from tests.support.restore import Operations
from tests.support.world import ADMIN, World


@pytest.fixture(params=["sqlite", "postgres"])
def operations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Operations]:
    """A world whose proofs are copied to a file elsewhere, on each database."""
    url = postgres.server().fresh() if request.param == "postgres" else None
    (tmp_path / "elsewhere").mkdir()
    world = World(tmp_path, database_url=url, copy=tmp_path / "elsewhere" / "copy")
    yield Operations(world)
    world.core.db.close()
    if url is not None:
        postgres.server().drop(url)


def published(world: World) -> Exam:
    exam = world.exam()
    with world.core.db.begin() as db:
        return results.publish_results(db, world.core, ADMIN, exam.id, world.clock())


def hold(world: World, session: Session, kind: HoldKind = HoldKind.LEGAL) -> str:
    with world.core.db.begin() as db:
        return holds.place(db, world.core, ADMIN, session.id, kind, reason="a court asks").id


def states(world: World, session: Session) -> set[str]:
    with world.core.db.read() as db:
        return set(db.scalars(select(UnitRow.state).where(UnitRow.session_id == session.id)))


def size(world: World) -> int:
    with world.core.db.read() as db:
        return head(db)[0]


def faults(operations: Operations) -> list[str]:
    lines, broken = witness.read(operations.copy)
    assert broken == 0
    with operations.world.core.db.read() as db:
        codes = [fault.code for fault in ledger_faults(db, operations.world.signer.public, lines)]
        return [*codes, *(fault.code for fault in compare_all_rows(db).faults)]
