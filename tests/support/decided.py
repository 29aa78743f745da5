"""A world in which everything has happened that the ledger tells of: sessions of every state, and each
decision."""

from dataclasses import dataclass
from datetime import timedelta

from proctoring.access import service as access
from proctoring.access.model import Person, Role
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, identity_answers, procedures, results
from proctoring.casework.flagging import add_flag
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment
from proctoring.quarantine import service as quarantine
from proctoring.quarantine.model import Head
from proctoring.recordings import ending
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import Absence, SealedSegment
from proctoring.recordings.model import EndCause, GapPart
from proctoring.reviews import service as reviews
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Schedule, Session
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
from tests.support.looks import look
from tests.support.world import ADMIN, REGULATION, World

RADIO = "It was a radio"


@dataclass(frozen=True, slots=True)
class Decided:
    """Sessions by what became of them."""

    agreed: Session  # an incident that a second person agreed to; an appeal that was refused
    annulled: Session  # an incident that an appeal took back
    amended: Session  # an incident that an appeal made another one
    disputed: Session  # an incident that nobody has agreed to; an appeal that is open; a legal hold
    rejected: Session  # unclear to one person; an incident to the next, which two others did not agree to
    invited: Session  # would rather sit in person
    recording: Session
    erased: Session


def decide_everything(world: World, again: str = "") -> Decided:
    """Fills an empty world; a fuller one `again`, which tells the people from those before."""
    with world.core.db.begin() as db:
        anna, ben, clara, dora = (
            access.add_user(db, world.core, ADMIN, name + again, role)
            for name, role in (
                ("Anna", Role.PROCTOR),
                ("Ben", Role.PROCTOR),
                ("Clara", Role.COMMITTEE),
                ("Dora", Role.PROCTOR),
            )
        )
    exam, other = _exam(world, "Module 2"), _exam(world, "Module 3")
    erased = world.ended(other)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, other.id, world.clock())
    world.clock.move(days=40)
    with world.core.db.begin() as db:
        worker_state.pull(db, world.core, Brake(BrakeCause.TOO_MUCH_AT_ONCE, "3 of 3 units are due"))
    world.clock.move(seconds=5)
    world.eraser.run(confirmed=True)
    agreed, disputed, rejected = (_sat(world, exam, f"C-{number}") for number in (1, 2, 3))
    annulled, amended = (_sat(world, exam, f"C-{number}") for number in (6, 7))
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    _decide_agreed(world, agreed, (anna, ben, clara))
    _decide_disputed(world, disputed, anna)
    _decide_rejected(world, rejected, anna, ben, dora)
    _decide_appealed(world, annulled, (anna, ben, clara), AppealOutcome.UPHELD, RADIO)
    other_kind = Amendment(Category.TECHNICAL, Severity.MINOR)
    _decide_appealed(world, amended, (anna, ben, clara), AppealOutcome.AMENDED, RADIO, other_kind)
    invited = _invite(world, exam, "C-4")
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, invited.id, "My camera is broken")
    with world.core.db.begin() as db:
        sits_at = world.clock() + timedelta(days=9)
        sessions.answer_in_person(
            db, world.core, ADMIN, invited.id, sits_at=sits_at, answer="Room 4, at nine."
        )
    recording = _invite(world, exam, "C-5")
    _admit(world, recording)
    world.begin(recording)
    with world.core.db.begin() as db:
        heads = Head(3, b"\1" * 32), Head(5, b"\2" * 32)
        began = quarantine.begin(db, world.core, *heads)
    with world.core.db.begin() as db:
        quarantine.end(db, world.core, ADMIN, began, "An old disk was put back")
    return Decided(agreed, annulled, amended, disputed, rejected, invited, recording, erased)


def decide_one(world: World) -> tuple[Session, Session]:
    """Two sessions of an exam of their own: one with an incident, a refused appeal and nothing that holds it,
    and one under way."""
    with world.core.db.begin() as db:
        roles = ("Anna", Role.PROCTOR), ("Ben", Role.PROCTOR), ("Clara", Role.COMMITTEE)
        anna, ben, clara = (access.add_user(db, world.core, ADMIN, name, role) for name, role in roles)
    exam = _exam(world, "Module 2")
    agreed = _sat(world, exam, "C-1")
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    _decide_agreed(world, agreed, (anna, ben, clara))
    recording = _invite(world, exam, "C-2")
    _admit(world, recording)
    world.begin(recording)
    return agreed, recording


def _exam(world: World, title: str) -> Exam:
    profile = CaptureProfile((Stream.WEBCAM, Stream.SCREEN), identity_copy=True, activity_log=True)
    with world.core.db.begin() as db:
        return exams.create(db, world.core, ADMIN, title, regulation=REGULATION, profile=profile)


def _invite(world: World, exam: Exam, ref: str) -> Session:
    schedule = Schedule(world.clock() + timedelta(minutes=5), 90, 15)
    with world.core.db.begin() as db:
        return sessions.create(db, world.core, ADMIN, exam.id, ref, language="nl", schedule=schedule)


def _admit(world: World, session: Session) -> None:
    for language in ("nl", "fr"):
        with world.core.db.begin() as db:
            sessions.admit(
                db, world.core, session.id, "v1", notice_text=f"notice in {language}", language=language
            )


def _sat(world: World, exam: Exam, ref: str) -> Session:
    """With a card, a connection that was lost for a while, sound that was missing, calls for help."""
    session = _invite(world, exam, ref)
    _admit(world, session)
    world.send_card(session)
    world.record(session, Stream.SCREEN)
    begun = world.begin(session)
    start = world.clock.unix_ms
    sealed = begun.sealer.seal(0, begun.take.media_type, b"media")
    world.objects.put(segment_key(begun.take.unit_id, begun.take.id, 0), sealed)
    silent = Absence(GapPart.SOUND, start + 1000, start + 3000, EndCause.SOUND_MISSING)
    segment = SealedSegment(0, digest(sealed), len(sealed), start, 4000, absences=(silent,))
    with world.core.db.begin() as db:
        recordings.register(db, world.core, begun.take.id, segment)
    world.clock.move(seconds=4)
    world.end(begun, EndCause.CONNECTION_LOST)
    with world.core.db.begin() as db:
        asked = help_requests.ask(db, world.core, session.id, HelpKind.HELP, "May I drink?")
        help_requests.ask(db, world.core, session.id, HelpKind.AWAY, "One minute")
    world.clock.move(seconds=10)
    with world.core.db.begin() as db:
        help_requests.take(db, world.core, ADMIN, asked.id)
        help_requests.answer(db, world.core, ADMIN, asked.id, "Yes")
        help_requests.back(db, world.core, session.id)
    world.record(session)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        ended = ending.finish(db, world.core, session.id)
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, ADMIN, session.id, confirmed=False, reason="Too dark")
    world.clock.move(seconds=1)
    with world.core.db.begin() as db:
        identity_answers.answer(db, world.core, ADMIN, session.id, confirmed=True, reason="")
    return ended


def _incident(world: World, session: Session, person: Person) -> str:
    actor = access.actor(person)
    with world.core.db.begin() as db:
        claims.claim(db, world.core, actor, session.id)
        flag = add_flag(
            db,
            world.core,
            actor,
            session.id,
            start_ms=1000,
            end_ms=2000,
            category=Category.OTHER_PERSON,
            severity=Severity.MAJOR,
            note="A voice",
        )
    world.clock.move(seconds=1)
    with world.core.db.begin() as db:
        for one in flags.of_session(db, session.id):
            flags.decide(db, world.core, actor, one.id, FlagState.CONFIRMED)
    world.clock.move(seconds=1)
    look(world.core, actor, session.id)
    with world.core.db.begin() as db:
        made = incidents.decide(
            db,
            world.core,
            actor,
            session.id,
            category=Category.OTHER_PERSON,
            severity=Severity.MAJOR,
            reasons="Somebody spoke",
            flag_ids=(flag.id,),
        )
    world.clock.move(seconds=1)
    return made.id


def _decide_appealed(
    world: World,
    session: Session,
    people: tuple[Person, Person, Person],
    outcome: AppealOutcome,
    answer: str,
    amendment: Amendment | None = None,
) -> str:
    """An incident of two people, and an appeal that the third one answers; the incident."""
    anna, ben, clara = people
    incident = _incident(world, session, anna)
    look(world.core, access.actor(ben), session.id)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, access.actor(ben), incident)
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, session.id, "It was the radio")
    world.clock.move(seconds=1)
    with world.core.db.begin() as db:
        appeals.close(
            db,
            world.core,
            access.actor(clara),
            appeal.id,
            outcome=outcome,
            answer=answer,
            amendment=amendment,
        )
    return incident


def _decide_agreed(world: World, session: Session, people: tuple[Person, Person, Person]) -> None:
    incident = _decide_appealed(world, session, people, AppealOutcome.REFUSED, "It was no radio")
    with world.core.db.begin() as db:
        incidents.close(db, world.core, access.actor(people[1]), incident)


def _decide_disputed(world: World, session: Session, anna: Person) -> None:
    _incident(world, session, anna)
    with world.core.db.begin() as db:
        holds.place(
            db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="Asked for by a court", owner="Office"
        )
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, session.id, "I was alone")


def _decide_rejected(world: World, session: Session, anna: Person, ben: Person, dora: Person) -> None:
    with world.core.db.begin() as db:
        claims.claim(db, world.core, access.actor(dora), session.id)
        reviews.decide_unclear(db, world.core, access.actor(dora), session.id, "A voice, or a radio?")
    incident = _incident(world, session, anna)
    for person in (ben, dora):
        look(world.core, access.actor(person), session.id)
        with world.core.db.begin() as db:
            incidents.reject(db, world.core, access.actor(person), incident, "I hear a radio")
    with world.core.db.begin() as db:
        held = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="Asked for by a court")
    world.clock.move(seconds=1)
    with world.core.db.begin() as db:
        procedures.release(db, world.core, ADMIN, held.id)
