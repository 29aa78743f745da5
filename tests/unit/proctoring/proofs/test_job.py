"""The job *replay*: what it reads, what it never reads again, what it finds in rows of long ago, how it
alarms."""

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, event, select, update

from proctoring.casework import results
from proctoring.custody.model import Action, entry_hash
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import entries, head
from proctoring.exams.rows import ExamRow
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.proofs import job
from proctoring.proofs.check import check_sessions, read_house
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.rows import FindingRow, PageRow, ReplayedRow, ReplayRow
from proctoring.recordings.rows import SegmentRow
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.units.rows import UnitRow
from proctoring.web import health
from tests.support.asgi import AsgiClient
from tests.support.world import ADMIN, World


@pytest.fixture
def replay(world: World) -> LedgerReplay:
    return LedgerReplay(world.core, world.signer)


@pytest.fixture
def session(world: World) -> Session:
    return world.ended()


def found(world: World) -> set[tuple[str, str, str]]:
    """Open findings: table, row, column."""
    with world.core.db.read() as db:
        columns = select(FindingRow.subject, FindingRow.row, FindingRow.column)
        rows = db.execute(columns.where(FindingRow.gone_at.is_(None)))
        return {(subject, row, column) for subject, row, column in rows}


def edit_ref(world: World, session: Session, ref: str) -> None:
    with world.core.db.begin() as db:
        db.execute(update(SessionRow).where(SessionRow.id == session.id).values(ref=ref))


def test_a_pass_reads_what_is_new_and_no_old_entry_again(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """The second pass compares digests of rows: no entry is read, no session replayed. A session of which
    something was entered is replayed, and no other."""
    other = world.ended()
    with world.core.db.read() as db:
        ledger = head(db)[0]
    first = replay.run()
    assert (first.entries, first.findings) == (ledger, 0)
    assert first.replayed >= 2
    second = replay.run()
    assert (second.entries, second.replayed, second.sessions) == (0, 0, 2)
    with world.core.db.begin() as db:
        holds.place(db, world.core, ADMIN, other.id, HoldKind.LEGAL, reason="Asked for by a court")
    third = replay.run()
    assert (third.entries, third.replayed, third.findings) == (1, 1, 0)


def test_an_edit_of_an_old_row_is_found_once_and_alarms_until_it_is_put_back(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """Nothing was entered since: the round finds it. Log, ledger, `/metrics` and `/readyz` say so."""
    replay.run()
    assert ready(world) == (200, 0)
    edit_ref(world, session, "C-9")
    assert replay.run().findings == 1
    assert found(world) == {("sessions", session.id, "ref")}
    assert ready(world) == (503, 1)
    assert metric(world, "ledger_disagreements") == 1
    assert replay.run().findings == 0
    with world.core.db.read() as db:
        told = [one for one in entries(db) if one.action is Action.AUDIT_FINDING]
    assert [one.session_id for one in told] == [session.id]
    assert told[0].detail == {"code": "row.edited", "table": "sessions", "row": session.id, "column": "ref"}
    edit_ref(world, session, "C-1")
    replay.run()
    assert found(world) == set()
    assert ready(world) == (200, 0)


def test_what_the_job_remembers_is_believed_only_when_it_is_signed(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """An edit with the right digest beside it is found: the digest is not signed by us."""
    replay.run()
    edit_ref(world, session, "C-9")
    with world.core.db.begin() as db:
        house = read_house(db)
        (checked,) = check_sessions(db, house, [session.id])
        db.execute(update(ReplayedRow).values(digest=checked.digest))
    replay.run()
    assert found(world) == {("sessions", session.id, "ref")}


def test_old_rows_with_their_old_digest_put_back_are_found(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """Both were signed once: the ledger has gone on about this session since."""
    replay.run()
    with world.core.db.read() as db:
        before = db.get_one(ReplayedRow, session.id)
    with world.core.db.begin() as db:
        hold = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="Asked for by a court")
    replay.run()
    with world.core.db.begin() as db:
        db.execute(delete(HoldUnitRow))
        db.execute(delete(HoldRow))
        db.execute(update(UnitRow).values(active_holds=0))
        db.merge(before)
    replay.run()
    assert ("holds", hold.id, "id") in found(world)


def test_a_ledger_said_to_be_read_further_than_it_was_is_read_from_its_start(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """Nobody hides an entry by moving the mark over it."""
    replay.run()
    with world.core.db.begin() as db:
        number, _ = head(db)
        body = db.get_one(PageRow, 0).body.replace('"through":', '"through":1')
        db.execute(update(PageRow).values(body=body))
    assert LedgerReplay(world.core, world.signer).run().entries >= number


@pytest.mark.parametrize(
    "attack",
    [
        update(EntryRow).where(EntryRow.number == 4).values(actor="somebody else"),
        update(EntryRow).where(EntryRow.number == 4).values(hash="0" * 64),
        delete(EntryRow).where(EntryRow.number == 4),
    ],
    ids=["actor", "hash", "gone"],
)
def test_an_entry_that_does_not_follow_is_found_where_it_was_not_read_yet(
    world: World, session: Session, replay: LedgerReplay, attack: object
) -> None:
    with world.core.db.begin() as db:
        db.execute(attack)  # type: ignore[call-overload]
    replay.run()
    assert ("custody_entries", "4", "hash") in found(world)


def test_a_ledger_that_is_shorter_than_it_was_is_found(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    replay.run()
    with world.core.db.begin() as db:
        number = head(db)[0]
        db.execute(delete(EntryRow).where(EntryRow.number == number))
    replay.run()
    assert ("custody_entries", str(number), "hash") in found(world)


def test_an_edited_leaf_is_found_by_the_round_of_leaves(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """A leaf belongs to no digest; each unit's chain is followed in its turn."""
    replay.run()
    with world.core.db.begin() as db:
        leaf = db.scalars(select(SegmentRow).where(SegmentRow.position == 1).limit(1)).one()
        leaf.start_ms += 1
        row = f"{leaf.unit_id}+1"
    replay.run()
    assert ("segments", row, "leaf_hash") in found(world)


def test_results_that_are_published_move_due_dates_and_are_no_finding(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """What a session's rows depend on is not entered about the session alone."""
    replay.run()
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, session.exam_id, world.clock())
    assert replay.run().findings == 0
    assert replay.run().replayed == 0
    with world.core.db.begin() as db:
        db.execute(update(ExamRow).values(objection_days=60))
    replay.run()
    assert found(world) == {("exams", session.exam_id, "objection_days")}


def test_long_ledgers_are_read_in_bounded_pieces(
    world: World, replay: LedgerReplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither entries nor sessions nor leaves are read more at a time than said, and all are read in the
    end."""
    for name, most in (
        ("ENTRIES_AT_ONCE", 7),
        ("SESSIONS_AT_ONCE", 2),
        ("SESSIONS_A_PASS", 2),
        ("LEAVES_A_PASS", 10),
    ):
        monkeypatch.setattr(job, name, most)
    ended = [world.ended() for _ in range(5)]
    with world.core.db.read() as db:
        ledger = head(db)[0]
    first = replay.run()
    assert (first.entries, first.sessions) == (ledger, 2)
    edit_ref(world, ended[3], "C-9")
    for _ in range(3):
        passed = replay.run()
        assert passed.sessions <= 2
        assert passed.leaves <= 10
    assert found(world) == {("sessions", ended[3].id, "ref")}


def test_a_quiet_pass_asks_for_no_detail_of_an_entry(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """What was read and signed is asked for its numbers alone."""
    replay.run()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(world.core.db.engine, "before_cursor_execute", note)
    replay.run()
    details = [one for one in asked if "custody_entries.detail" in one]
    assert all("number BETWEEN" in one or "action IN" in one for one in details)


def ready(world: World) -> tuple[int, int]:
    answer = _ask(world, "/readyz")
    return answer.status_code, answer.json()["ledger_disagreements"]


def metric(world: World, name: str) -> float:
    lines = _ask(world, "/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.split()[0] == name))


def _ask(world: World, path: str):  # type: ignore[no-untyped-def]
    app = FastAPI()
    app.include_router(health.routes(world.core, {"database": lambda: None}))
    return AsgiClient(app).get(path)


def test_an_entry_edited_after_it_was_read_is_found_with_its_session(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """The rows are edited to agree with it, and its hash is that of its content: what was read was not."""
    replay.run()
    with world.core.db.begin() as db:
        created = select(EntryRow).where(EntryRow.session_id == session.id).order_by(EntryRow.number).limit(1)
        row = db.scalars(created).one()
        row.detail = row.detail | {"language": "fr"}
        row.hash = entry_hash(row.model().body())
        db.execute(update(SessionRow).where(SessionRow.id == session.id).values(language="fr"))
    replay.run()
    assert ("custody_entries", session.id, "session_id") in found(world)


def test_who_moves_the_end_of_the_older_entries_is_found(
    world: World, session: Session, replay: LedgerReplay
) -> None:
    """The signed pages say where it is."""
    replay.run()
    with world.core.db.begin() as db:
        db.execute(update(ReplayRow).values(exact_from=1_000_000))
    LedgerReplay(world.core, world.signer).run()
    assert ("ledger_replay", "1", "exact_from") in found(world)
