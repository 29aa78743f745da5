"""Signed pages of the ledger: what one process has read no other reads again, and no edit of them helps."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, update

from proctoring.custody.model import Action, entry_hash
from proctoring.custody.rows import CheckpointRow, EntryRow, LedgerHeadRow
from proctoring.custody.service import head
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.proofs import job, pages, reader
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.reader import LedgerReader, Unproven
from proctoring.proofs.rows import PageRow
from proctoring.sessions.model import Session
from tests.support.world import ADMIN, World

SMALL = 7


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ENTRIES_A_PAGE", SMALL)
    monkeypatch.setattr(reader, "ENTRIES_A_PAGE", SMALL)
    monkeypatch.setattr(job, "ENTRIES_AT_ONCE", SMALL)


@pytest.fixture
def session(world: World) -> Session:
    """Two sessions, the first with a hold, all read by the job and signed."""
    one = world.ended()
    world.ended()
    with world.core.db.begin() as db:
        holds.place(db, world.core, ADMIN, one.id, HoldKind.LEGAL, reason="Asked for by a court")
    LedgerReplay(world.core, world.signer).run()
    return one


def start(world: World) -> tuple[LedgerReader, int]:
    """A reader of a new process, and how many entries it reads."""
    fresh = LedgerReader(world.signer.public)
    with world.core.db.read() as db:
        return fresh, fresh.follow(db).entries


def believes(world: World, fresh: LedgerReader, session: Session) -> bool:
    with world.core.db.read() as db:
        try:
            fresh.about(db, session.id)
        except Unproven:
            return False
    return True


def test_a_new_process_reads_what_is_new_and_nothing_else(world: World, session: Session) -> None:
    """And knows of each session and of its exam as much as one that has read all."""
    with world.core.db.read() as db:
        number, _ = head(db)
        assert db.scalar(select(func.count()).select_from(PageRow)) == -(-number // SMALL)
    fresh, entries = start(world)
    assert (entries, fresh.size, fresh.broken_through) == (0, number, 0)
    third = world.ended()
    fresh, entries = start(world)
    assert entries > 0
    with world.core.db.read() as db:
        assert fresh.size == head(db)[0]
        about = fresh.about(db, session.id)
        assert about.session[-1].action is Action.HOLD_PLACE
        assert about.exam
    assert believes(world, fresh, third)


def test_pages_go_on_in_the_tree_that_checkpoints_sign(world: World, session: Session) -> None:
    """A checkpoint made later is compared with what pages and entries make together."""
    world.ended()
    Checkpoints(world.core, world.signer, None).run()
    assert start(world)[0].broken_through == 0
    with world.core.db.begin() as db:
        row = db.scalars(select(EntryRow).order_by(EntryRow.number.desc()).limit(1)).one()
        row.actor = "nobody"
        row.hash = entry_hash(row.model().body())
        db.execute(update(LedgerHeadRow).values(hash=row.hash))
    assert start(world)[0].broken_through == row.number


@pytest.mark.parametrize(
    ("attack", "read"),
    [
        (delete(PageRow), "all"),
        (delete(PageRow).where(PageRow.id == 0), "all"),
        (update(PageRow).where(PageRow.id == 0).values(signature="2:00"), "all"),
        (update(PageRow).where(PageRow.id == 1).values(body="{}"), "all but the first page"),
        (update(PageRow).where(PageRow.id == 1).values(id=99), "all but the first page"),
    ],
    ids=["gone", "first gone", "signature", "body", "moved"],
)
def test_a_page_that_is_not_as_it_was_signed_is_read_again(
    world: World, session: Session, attack: object, read: str
) -> None:
    """Nothing but time is lost: the entries are read, and all of them fit. The job then signs them again."""
    with world.core.db.begin() as db:
        db.execute(attack)  # type: ignore[call-overload]
        number, _ = head(db)
    fresh, entries = start(world)
    assert entries == number - (0 if read == "all" else SMALL)
    assert fresh.broken_through == 0
    assert believes(world, fresh, session)
    LedgerReplay(world.core, world.signer).run()
    assert start(world)[1] == 0


def _hold_deleted(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        db.execute(delete(EntryRow).where(EntryRow.action == Action.HOLD_PLACE.value))


def _hold_of_another(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        mine = EntryRow.action == Action.HOLD_PLACE.value
        db.execute(update(EntryRow).where(mine).values(session_id="another"))


def _exam_edited(world: World, session: Session) -> None:
    """With its own hash made right."""
    with world.core.db.begin() as db:
        created = select(EntryRow).where(EntryRow.action == Action.EXAM_CREATE.value).limit(1)
        row = db.scalars(created).one()
        row.detail = row.detail | {"objection_days": 0}
        row.hash = entry_hash(row.model().body())


def _cut(world: World, session: Session) -> None:
    """Its end, with the hold, is cut off; nobody signed a checkpoint."""
    with world.core.db.begin() as db:
        placed = db.scalars(select(EntryRow.number).where(EntryRow.action == Action.HOLD_PLACE.value)).one()
        last = db.get_one(EntryRow, placed - 1)
        db.execute(delete(EntryRow).where(EntryRow.number >= placed))
        db.execute(delete(CheckpointRow))
        db.execute(update(LedgerHeadRow).values(number=last.number, hash=last.hash))


@pytest.mark.parametrize("edit", [_hold_deleted, _hold_of_another, _exam_edited, _cut])
@pytest.mark.parametrize("running", [False, True], ids=["new", "running"])
def test_an_entry_on_a_page_that_is_edited_is_not_believed(
    world: World, session: Session, edit: Callable[[World, Session], None], running: bool
) -> None:
    """By a process that took the page's word for it, nor by one that has read the entry itself."""
    before, _ = start(world)
    edit(world, session)
    with world.core.db.read() as db:
        before.follow(db)
    assert not believes(world, before if running else start(world)[0], session)


def test_an_earlier_form_of_a_page_hides_nothing(world: World, session: Session) -> None:
    """Put back with the entry deleted that came after it: what follows does not fit."""
    with world.core.db.read() as db:
        placed = db.scalars(select(EntryRow.number).where(EntryRow.action == Action.HOLD_PLACE.value)).one()
    earlier = LedgerReader(world.signer.public)
    with world.core.db.begin() as db:
        db.execute(delete(PageRow))
        while earlier.size < placed - 1:
            earlier.follow(db, min(SMALL, placed - 1 - earlier.size))
            pages.keep_page(db, world.signer, earlier.page(0))
    _hold_deleted(world, session)
    assert not believes(world, start(world)[0], session)
