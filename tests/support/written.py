"""Sessions about which people wrote in every way that there is, each word one that a test looks for."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, identity_answers, procedures
from proctoring.casework.flagging import add_flag
from proctoring.custody.model import Actor
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.proofs.tables import METADATA
from proctoring.recordings import ending
from proctoring.recordings.rows import LoggedEventRow, TakeRow
from proctoring.reviews import service as reviews
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.signals.rows import SheetRow
from storage.objects.store import MemoryObjects
from tests.support.looks import look
from tests.support.world import ADMIN, REGULATION, World

SAID, WHO = "kanarie in woorden", "kanarie in dossier"
"""What people wrote about a session; who sat it."""
KEPT = "kanarie bij de sleutel"
"""In rows that go with a unit's key."""
NAMED, TITLED = "kanarie van het personeel", "kanarie van het examen"
"""Stay: the name of a staff account, the words of an exam."""
ANNA, BERT, DIRK = (Actor(name, "proctor") for name in ("anna", "bert", "dirk"))
CLARA = Actor("clara", "committee")


def titled(world: World) -> Exam:
    """An exam with every log, and somebody of the staff who has signed in."""
    profile = CaptureProfile(tuple(Stream), True, activity_log=True, answers_log=True, signals=True)
    with world.core.db.begin() as db:
        exam = exams.create(
            db, world.core, ADMIN, TITLED, regulation=REGULATION, profile=profile, legal_ground=TITLED
        )
        person = access.add_user(db, world.core, ADMIN, NAMED, Role.PROCTOR)
        access.begin_login(db, world.core, access.new_link(db, world.core, ADMIN, person))
    return exam


def written_about(world: World, exam: Exam | None = None) -> Session:
    """Somebody wrote into every column of words that there is without a decision."""
    exam = exam or world.exam(identity_copy=True)
    with world.core.db.begin() as db:
        session = sessions.create(db, world.core, ADMIN, exam.id, WHO)
        sessions.ask_in_person(db, world.core, session.id, SAID)
        sessions.answer_in_person(db, world.core, ADMIN, session.id, sits_at=None, answer=SAID)
        sessions.admit(db, world.core, session.id, "v1", notice_text=WHO, language="nl")
    world.send_card(session)
    world.record(session)
    if exam.profile.signals:
        remember(world, session)
    with world.core.db.begin() as db:
        asked = help_requests.ask(db, world.core, session.id, HelpKind.HELP, SAID)
        help_requests.take(db, world.core, ANNA, asked.id)
        help_requests.answer(db, world.core, ANNA, asked.id, SAID)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, ANNA, session.id, confirmed=False, reason=SAID)
        claims.claim(db, world.core, DIRK, session.id)
        reviews.decide_unclear(db, world.core, DIRK, session.id, SAID)
        claims.claim(db, world.core, ANNA, session.id)
        flag_it(db, world, session)
        placed = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason=SAID, owner=SAID)
        procedures.release(db, world.core, BERT, placed.id)
    return session


def flag_it(db: Db, world: World, session: Session) -> None:
    """A proctor's flag whose note is SAID."""
    add_flag(
        db,
        world.core,
        ANNA,
        session.id,
        start_ms=0,
        end_ms=1,
        category=Category.OTHER,
        severity=Severity.MINOR,
        note=SAID,
    )


def remember(world: World, session: Session) -> None:
    """Words where only a program writes: the id of a logged event, and where a sheet of signals lies."""
    with world.core.db.begin() as db:
        take = db.scalars(select(TakeRow).where(TakeRow.session_id == session.id)).first()
        assert take is not None
        db.add(LoggedEventRow(unit_id=take.unit_id, event_id=KEPT))
        sheet = SheetRow(unit_id=take.unit_id, position=0, take_id=take.id, start_ms=0, end_ms=1)
        sheet.sheet_id = sheet.ct_sha256 = KEPT
        sheet.object_key = f"{KEPT} {session.id}"
        sheet.sealed_key = KEPT.encode()
        db.add(sheet)


def decided_about(world: World, exam: Exam | None = None) -> Session:
    """And into those of a decision: an incident that one of two others agreed to, appealed, closed; and one
    that nobody agreed to, appealed all the same."""
    incident_about(world, agreed=False, exam=exam)
    return incident_about(world, agreed=True, exam=exam)


def incident_about(world: World, agreed: bool, exam: Exam | None = None) -> Session:
    session = written_about(world, exam)
    for person in (ANNA, BERT, DIRK):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        seen = flags.of_session(db, session.id)
        for flag in seen:
            flags.decide(db, world.core, ANNA, flag.id, FlagState.CONFIRMED)
        shown = tuple(flag.id for flag in seen)
        made = incidents.decide(
            db,
            world.core,
            ANNA,
            session.id,
            category=Category.OTHER,
            severity=Severity.MAJOR,
            reasons=SAID,
            flag_ids=shown,
        )
        incidents.reject(db, world.core, DIRK, made.id, SAID)
        if agreed:
            incidents.confirm(db, world.core, BERT, made.id)
        else:
            incidents.reject(db, world.core, BERT, made.id, SAID)
        appeal = appeals.lodge(db, world.core, session.id, SAID)
        appeals.close(db, world.core, CLARA, appeal.id, outcome=AppealOutcome.REFUSED, answer=SAID)
        if agreed:
            incidents.close(db, world.core, BERT, made.id)
    return session


def columns_with(world: World, canary: str) -> set[str]:
    """In which columns of the database it is."""
    found = set()
    with world.core.db.read() as db:
        for name, table in METADATA.tables.items():
            for row in db.execute(select(table)).mappings():
                found |= {f"{name}.{column}" for column, value in row.items() if canary in str(value)}
    return found


def places(world: World) -> Iterator[tuple[str, bytes]]:
    """Every file of the database, with its free pages and its log, and every object of the store."""
    for file in world.folder.rglob("*"):
        if file.is_file():
            yield file.name, file.read_bytes()
    assert isinstance(world.objects, MemoryObjects)
    yield from world.objects._objects.items()
