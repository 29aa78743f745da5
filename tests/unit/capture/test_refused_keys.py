"""A unit's public half that was replaced in the database: nothing is sealed to it, by whatever door, and
it shows."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select, update

from capture.recorder import Grant
from capture.refused import telling
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.custody.model import Action
from proctoring.custody.service import entries
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from proctoring.flags.rows import FlagRow
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import refusals
from proctoring.recordings.events import LOG_MEDIA_TYPE
from proctoring.recordings.refusals import NOTE
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import Session
from proctoring.signals import service as signals
from proctoring.signals.model import Sheet
from proctoring.units import keys as unit_keys
from proctoring.units.keys import KeyRefused
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow
from proctoring.web.metrics import exposition
from storage.keys.folder import generate_pair
from tests.support.unit_keys import TAGS
from tests.support.world import ADMIN, REGULATION, World

MEDIA = 'video/webm; codecs="vp8"'


def exam_of_everything(world: World) -> Exam:
    profile = CaptureProfile((Stream.WEBCAM,), True, True, True, True)
    with world.core.db.begin() as db:
        return exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)


def replace_key(
    world: World, session: Session, kind: UnitKind, public: bytes, tag: bytes | None = None
) -> bytes:
    """What who may write any row does; the half that stood there. The tag is left, or taken away."""
    with world.core.db.begin() as db:
        unit = db.scalars(
            select(UnitRow).where(UnitRow.session_id == session.id, UnitRow.kind == kind.value)
        ).one()
        before, unit.public_key = unit.public_key, public
        if tag is not None:
            unit.key_tag = tag or None
        return before


async def publish(world: World, sink: Sink, session: Session) -> None:
    await sink.recorder.begin(Grant(session.id, Stream.WEBCAM), MEDIA, 0)


async def ask_to_publish(world: World, sink: Sink, session: Session) -> None:
    await sink.recorder.admit(world.core.links.ingest(session, Stream.WEBCAM))


async def send_late(world: World, sink: Sink, session: Session) -> None:
    await sink.late.begin(Grant(session.id, Stream.WEBCAM), MEDIA, 0)


async def send_card(world: World, sink: Sink, session: Session) -> None:
    await sink.identity.keep_image(session.id, b"card")


async def write_log(world: World, sink: Sink, session: Session) -> None:
    await sink.recorder.begin(Grant(session.id, UnitKind.ACTIVITY), LOG_MEDIA_TYPE, 0)


async def write_answers(world: World, sink: Sink, session: Session) -> None:
    await sink.recorder.begin(Grant(session.id, UnitKind.ANSWERS), LOG_MEDIA_TYPE, 0)


Door = Callable[[World, Sink, Session], Awaitable[None]]
DOORS: list[tuple[Door, UnitKind]] = [
    (ask_to_publish, UnitKind.WEBCAM),
    (publish, UnitKind.WEBCAM),
    (send_late, UnitKind.WEBCAM),
    (send_card, UnitKind.IDENTITY),
    (write_log, UnitKind.ACTIVITY),
    (write_answers, UnitKind.ANSWERS),
]


def through(world: World, door: Door, session: Session) -> None:
    async def scenario() -> None:
        spool = Spool(world.folder / "spool", disk_free_bytes_min=0)
        sink = Sink(world.core, world.objects, spool)
        await sink.start()
        try:
            await door(world, sink, session)
        finally:
            await sink.close()

    asyncio.run(scenario())


@pytest.mark.promise("P13")
@pytest.mark.parametrize(("door", "kind"), DOORS)
@pytest.mark.parametrize("tag", [None, b""], ids=["tag-left", "tag-gone"])
def test_nothing_is_sealed_to_a_replaced_key(
    world: World, door: Door, kind: UnitKind, tag: bytes | None
) -> None:
    """By no door: neither with the right half's tag beside it, nor without any. It is refused, with what
    to do, and the ledger, the time line and the metrics tell of it; once, however often the publisher
    tries again."""
    session = world.admitted(exam_of_everything(world))
    world.store(world.begin(session), 0, world.clock.unix_ms)
    with world.core.db.read() as db:
        takes = db.scalar(select(func.count()).select_from(TakeRow))
    replace_key(world, session, kind, generate_pair()[1], tag)
    for _ in range(3):
        with pytest.raises(KeyRefused, match="not the one that was made for it"):
            through(world, door, session)
    with world.core.db.read() as db:
        assert db.scalar(select(func.count()).select_from(TakeRow)) == takes
        (told,) = refusals(db)
        assert (told.session_id, told.detail["stream"]) == (session.id, kind.value)
        assert db.scalars(select(FlagRow.note)).all() == [NOTE]
        assert [(one.table, one.column) for one in compare_all_rows(db).faults] == [
            ("evidence_units", "public_key")
        ]
    assert b"keys_refused_total 1.0" in exposition(world.core)


def test_no_sheet_of_signals_is_sealed_to_a_replaced_key(world: World) -> None:
    """The key is replaced while the take runs: its thumbnails are refused like all else, with the same
    alarm."""
    session = world.admitted(exam_of_everything(world))
    begun = world.begin(session)
    replace_key(world, session, UnitKind.WEBCAM, generate_pair()[1])
    with world.core.db.read() as db:
        take = signals.watched(db, begun.take.id)
    assert take is not None
    with pytest.raises(KeyRefused), telling(world.core):
        signals.seal_sheet(world.core, take, Sheet(Stream.WEBCAM, 0, 1, (), ()))
    with world.core.db.read() as db:
        assert len(refusals(db)) == 1


@pytest.mark.promise("P13")
def test_putting_the_right_key_back_hides_nothing(world: World) -> None:
    """The database is as it was before: recording goes on, and the ledger tells of the attempt for good."""
    session = world.admitted(exam_of_everything(world))
    before = replace_key(world, session, UnitKind.WEBCAM, generate_pair()[1])
    with pytest.raises(KeyRefused):
        through(world, ask_to_publish, session)
    replace_key(world, session, UnitKind.WEBCAM, before)
    through(world, publish, session)
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []
        assert [entry.action for entry in entries(db, session.id)].count(Action.TAKE_REFUSE) == 1


@pytest.mark.promise("P13")
def test_a_take_key_that_was_replaced_is_found(world: World) -> None:
    """Who knew a take's key and sealed it anew, or puts another one in its place: row and column are
    named."""
    session = world.admitted(exam_of_everything(world))
    begun = world.record(session)
    with world.core.db.begin() as db:
        db.execute(update(TakeRow).where(TakeRow.id == begun.take.id).values(sealed_key=b"another"))
    with world.core.db.read() as db:
        (fault,) = compare_all_rows(db).faults
    assert (fault.table, fault.row, fault.column) == ("takes", begun.take.id, "sealed_key")


def test_units_that_were_open_before_there_were_tags_are_adopted(world: World) -> None:
    """They record on once they were adopted, not before; the ledger commits to the key that each had then."""
    session = world.admitted(exam_of_everything(world))
    with world.core.db.begin() as db:
        db.execute(update(UnitRow).values(key_tag=None))
    with pytest.raises(KeyRefused):
        through(world, publish, session)
    with world.core.db.begin() as db:
        assert unit_keys.adopt(db, world.clock, TAGS) == 4
    through(world, publish, session)
    replace_key(world, session, UnitKind.ANSWERS, generate_pair()[1])
    with world.core.db.read() as db:
        told = [entry for entry in entries(db) if entry.action is Action.KEY_ADOPT]
        assert len({entry.unit_id for entry in told}) == 4
        assert [one.column for one in compare_all_rows(db).faults] == ["public_key"]
