"""Databases of an older service: what its entries do not tell is no fault, and is not counted as proven."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session as Db

from proctoring.appeals.rows import AppealRow
from proctoring.casework.results import set_all_due_dates
from proctoring.custody import service as custody
from proctoring.custody.model import Action
from proctoring.exams import service as exams
from proctoring.flags.rows import FlagRow
from proctoring.incidents.rows import IncidentRow
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.model import SLACK
from proctoring.proofs.rows import ReplayRow
from proctoring.sessions.rows import SessionRow
from storage.proofs.commitment import is_commitment
from tests.support.decided import Decided, decide_everything
from tests.support.world import World

LATER = {
    Action.GAP_RECORD,
    Action.EVIDENCE_RETAIN,
    Action.SESSION_NOTICE,
    Action.HELP_END,
    Action.FLAG_LENGTHEN,
}
"""Acts that it did not enter."""
DETAILS = frozenset(
    [
        "exam",
        "objection_days",
        "at",
        "notice",
        "help",
        "kind",
        "take",
        "number",
        "stream",
        "cause",
        "leaves",
        "head",
        "flag",
        "category",
        "state",
        "outcome",
        "incident",
        "appeal",
        "hold",
        "units",
        "erase_id",
        "as_of",
        "certificate",
        "brake",
        "quarantine",
        "kept",
        "kept_root",
        "lost",
        "lost_root",
        "reason",
        "user",
        "role",
    ]
)
"""What its entries told, and no more."""


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Decided]:
    """The same decided world, entered as before, its entries dated half a SLACK after their rows."""
    append: Callable[..., None] = custody._append

    def as_before(db: Db) -> None:
        acts = [act for act in db.info[custody.PENDING] if act.action not in LATER]
        db.info[custody.PENDING] = [
            custody._Act(
                act.at + SLACK / 2,
                act.actor,
                act.action,
                act.session_id,
                act.unit_id,
                {
                    name: one
                    for name, one in act.detail.items()
                    if name in DETAILS
                    and not is_commitment(one)
                    and not (name == "hold" and act.action in (Action.INCIDENT_DECIDE, Action.APPEAL_LODGE))
                },
            )
            for act in acts
        ]
        if acts:
            append(db)

    with monkeypatch.context() as before:
        before.setattr(custody, "_append", as_before)
        world = World(tmp_path)
        decided = decide_everything(world)
    with world.core.db.begin() as db:
        # It did not know since when a decision counts, nor which one an appeal is against.
        db.execute(update(IncidentRow).values(notified_at=None))
        db.execute(update(AppealRow).values(incident_id=None))
        for exam in exams.list_exams(db):
            set_all_due_dates(db, exam)
        db.execute(update(ReplayRow).values(exact_from=custody.head(db)[0] + 1))
    return world, decided


def test_a_filled_older_database_has_no_fault_and_says_what_is_not_told(older: tuple[World, Decided]) -> None:
    world, _ = older
    with world.core.db.read() as db:
        compared = compare_all_rows(db)
    assert compared.faults == []
    assert compared.untold > 100


def test_what_the_older_entries_tell_is_compared_all_the_same(older: tuple[World, Decided]) -> None:
    """States, people and kinds were entered from the first version on."""
    world, decided = older
    with world.core.db.begin() as db:
        db.execute(
            update(SessionRow).where(SessionRow.id == decided.agreed.id).values(state="expired", ref="C-9")
        )
        db.execute(update(FlagRow).where(FlagRow.session_id == decided.agreed.id).values(state="open"))
    with world.core.db.read() as db:
        found = {(one.table, one.column) for one in compare_all_rows(db).faults}
    assert found == {("sessions", "state"), ("flags", "state")}


def test_what_happens_from_now_on_is_told_exactly(older: tuple[World, Decided]) -> None:
    """New acts on old rows are told in full."""
    world, _ = older
    session = world.ended()
    with world.core.db.begin() as db:
        db.execute(update(SessionRow).where(SessionRow.id == session.id).values(ref="C-9"))
    with world.core.db.read() as db:
        found = [(one.table, one.row, one.column) for one in compare_all_rows(db).faults]
    assert found == [("sessions", session.id, "ref")]
