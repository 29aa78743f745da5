"""Each role has the database rights that its work needs, and no other: all its acts, under its own user."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import event, select
from sqlalchemy.engine import Connection, Engine

from capture.pages import routes as candidate_routes
from capture.stills import MemoryStills
from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, identity_answers, procedures, results
from proctoring.casework.flagging import add_flag
from proctoring.compose.checks import database
from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Actor
from proctoring.custody.rows import CertificateCopyRow
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.model import HoldKind
from proctoring.holds.worker_state import pull, release_all
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment
from proctoring.migrations.rights import LOCKED_BY, USERS
from proctoring.proofs import stops
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.disputes import Dispute
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.stamps import Stamps
from proctoring.quarantine import service as quarantine
from proctoring.quarantine.model import Head
from proctoring.recordings import batch, ending, late, running
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import Absence, SealedSegment
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.rotation import Rotation
from proctoring.records import words
from proctoring.restore.compare import CopyWatch
from proctoring.reviews import service as reviews
from proctoring.sessions import service as sessions
from proctoring.sessions.model import EndReason, Session
from proctoring.signals.model import Signal, SignalKind
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble
from proctoring.web import health, problems
from review_ui.app import routes as staff_routes
from storage.errors import TimestampFailed
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
from storage.proofs.tree import EMPTY_ROOT
from tests.integration.test_database_rights import Rights, written
from tests.support.asgi import AsgiClient, addresses
from tests.support.logs import answer, write
from tests.support.logs import event as happened
from tests.support.looks import look
from tests.support.roles import RolesWorld, roles_world
from tests.support.signals import write_sheet
from tests.support.world import ADMIN, REGULATION, SEGMENT_MS

EVERYTHING = CaptureProfile(
    tuple(Stream), identity_copy=True, activity_log=True, answers_log=True, signals=True
)
ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
CARLA, DIRK = Actor("carla", "committee"), Actor("dirk", "proctor")
ENDLESS = "/help/stream"
REASON = "Somebody else is heard."
SHEETS = (Signal(SignalKind.DARK, "mean-luma", 1, 16, "luma", 7.5, 0, 3_000),)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RolesWorld]:
    with roles_world(tmp_path) as made:
        yield made


def invited(world: RolesWorld) -> Session:
    """As the command line invites."""
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", REGULATION, EVERYTHING)
    return world.session(exam)


def recorded(world: RolesWorld) -> Session:
    """Under capture: all that can come of a candidate and their devices, up to the end of the session."""
    session = invited(world)
    with world.role("capture") as core:
        before_the_exam(world, core, session)
        during_the_exam(world, core, session)
        with core.db.begin() as db:
            ended = ending.finish(db, core, session.id)
        with core.db.begin() as db:
            late.expect(db, core, session.id, Stream.WEBCAM, False)
    return ended


def before_the_exam(world: RolesWorld, core: Core, session: Session) -> None:
    with core.db.begin() as db:
        sessions.ask_in_person(db, core, session.id, "I have no quiet room.")
        sessions.admit(db, core, session.id, "v1", "{}", "nl")
        sessions.admit(db, core, session.id, "v1", "{}", "fr")
        sessions.phone_ready(db, core, session.id)
        help_requests.ask(db, core, session.id, HelpKind.HELP, "It does not start.")
    world.send_card(session)


def during_the_exam(world: RolesWorld, core: Core, session: Session) -> None:
    told(world, core)
    start = world.clock.unix_ms
    webcam, screen = world.begin(session), world.begin(session, Stream.SCREEN)
    world.store(webcam, 0, start)
    with core.db.begin() as db:
        running.keep_in(db, webcam.take.id, "spool-1")
        recordings.still_here(db, core, [webcam.take.id])
        help_requests.ask(db, core, session.id, HelpKind.AWAY, "")
    together(world, core, webcam, start + SEGMENT_MS)
    for _ in range(2):
        write_sheet(world, webcam, SHEETS)
    world.end(webcam, EndCause.CONNECTION_LOST)
    world.end(screen, EndCause.SHARING_ENDED)
    world.clock.move(seconds=60)
    with core.db.begin() as db:
        help_requests.back(db, core, session.id)
    for _ in range(2):
        again = world.begin(session)
        world.end(again, EndCause.NOT_STORABLE)
    again = world.begin(session)
    world.store(again, 0, world.clock.unix_ms)
    world.end(again)
    fill_late(world, core, session, start + 20_000)
    write(world, session, "activity", [happened(world.clock())])
    write(world, session, "answers", [answer(world.clock(), "b")])


def told(world: RolesWorld, core: Core) -> None:
    """How the process fares: well, badly, well again."""
    for at, trouble in enumerate((None, Trouble.DISK_FULL, None)):
        world.clock.move(seconds=1)
        with core.db.begin() as db:
            spools.tell(db, core, "spool-1", Told(trouble, at, at, at, at, at))


def together(world: RolesWorld, core: Core, begun: recordings.BegunTake, at: int) -> None:
    """The ordinary way of a segment, with sound that is missing in it."""
    sealed = begun.sealer.seal(1, begun.take.media_type, b"media")
    world.objects.put(segment_key(begun.take.unit_id, begun.take.id, 1), sealed)
    silent = (Absence(GapPart.SOUND, at, at + 2_000, EndCause.SOUND_MISSING),)
    segment = SealedSegment(1, digest(sealed), len(sealed), at, SEGMENT_MS, absences=silent)
    with core.db.begin() as db:
        batch.register_all(db, core, {begun.take.id: segment})


def fill_late(world: RolesWorld, core: Core, session: Session, at: int) -> None:
    with core.db.begin() as db:
        late.expect(db, core, session.id, Stream.WEBCAM, True)
        begun = late.begin_late_take(db, core, session.id, Stream.WEBCAM, "video/webm", at)
    world.store(begun, 0, at)
    world.end(begun)


@pytest.mark.promise("P12")
def test_every_role_uses_all_its_rights_and_lacks_none(world: RolesWorld) -> None:
    """Everything that capture, review and worker do, each as its own user of a real PostgreSQL: nothing is
    refused, and each right of the table in the code was used by a statement."""
    with statements(USERS) as used:
        session = candidates_life(world)
        staff_work(world, session)
        worker_jobs(world, session)
        for name in USERS:
            put_back(world, name)
    for name in USERS:
        assert written(name) - used[name] == set(), name


@contextmanager
def statements(users: Iterable[str]) -> Iterator[dict[str, Rights]]:
    """Which rights the statements of each user need, as (verb, table, column of an UPDATE)."""
    used: dict[str, Rights] = {user: set() for user in users}

    def note(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        mine = used.get(connection.engine.url.username or "", set())
        mine |= {("SELECT", table, "") for table in re.findall(r"\b(?:FROM|JOIN) (\w+)", statement)}
        if written := re.match(r"(INSERT INTO|DELETE FROM) (\w+)", statement):
            mine.add((written[1].split()[0], written[2], ""))
        if changed := re.match(r"UPDATE (\w+) SET (.*?)(?: WHERE|$)", statement, re.DOTALL):
            mine |= {("UPDATE", changed[1], name) for name in re.findall(r"(?:^|, ?)(\w+)=", changed[2])}
        if "FOR UPDATE" in statement and "FROM sessions" in statement:
            mine.add(("UPDATE", "sessions", LOCKED_BY))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield used
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def candidates_life(world: RolesWorld) -> Session:
    """Invitation to appeal, with every page of theirs read under the same user."""
    session = recorded(world)
    with world.role("capture") as core:
        with core.db.begin() as db:
            appeals.lodge(db, core, session.id, "I was alone in the room.")
        client = client_of(core, candidate_routes(core, MemoryStills()))
        links = core.links
        for path in ("", "/exam", "/recording", "/help.json", "/status.json", "/in-person"):
            read(client, f"/c/{links.invitation(session)}{path}")
        read(client, f"/p/{links.phone(session)}/status.json")
        read(client, "/metrics")
        read(client, "/readyz")
    return session


def staff_work(world: RolesWorld, session: Session) -> None:
    """Sign-in to the closed incident and the answered appeal; every page under the same user."""
    with world.core.db.begin() as db:
        asked = help_requests.of_session(db, session.id)
        help_id = next(one.id for one in asked if one.kind is HelpKind.HELP)
        people = [access.add_user(db, world.core, ADMIN, name, Role.PROCTOR) for name in ("Anna", "Bert")]
        link = access.new_link(db, world.core, ADMIN, people[0])
        for role in (Role.COMMITTEE, Role.PRIVACY_OFFICER, Role.AUDITOR, Role.EXAM_ADMIN):
            people.append(access.add_user(db, world.core, ADMIN, role.value, role))
        links = [access.new_link(db, world.core, ADMIN, person) for person in people[1:]]
        appeal = appeals.open_of_session(db, session.id)
    assert appeal is not None
    left = left_alone(world)
    other = world.ended(world.exam(streams=(Stream.WEBCAM,)))
    elsewhere = invited(world)
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, elsewhere.id, "I have no quiet room.")
    with world.role("review") as core:
        with core.db.begin() as db:
            anna, secret = access.begin_login(db, core, link)
            second, secret_of_second = access.begin_login(db, core, links.pop(0))
            actor = access.actor(anna)
            help_requests.take(db, core, actor, help_id)
            help_requests.answer(db, core, actor, help_id, "Wait a minute.")
            sits_at = world.clock() + timedelta(days=9)
            sessions.answer_in_person(db, core, actor, elsewhere.id, sits_at, "Room 4, at nine.")
            claims.claim(db, core, actor, session.id)
            reviews.release(db, core, actor, session.id)
            claims.claim(db, core, actor, session.id)
            ending.end_by_proctor(db, core, left.id, EndReason.TECHNICAL, actor)
            identity_answers.answer(db, core, actor, session.id, False, REASON)
            added = add_flag(
                db,
                core,
                actor,
                session.id,
                0,
                1,
                Category.OTHER,
                Severity.MINOR,
                "",
            )
        world.clock.move(seconds=1)
        with core.db.begin() as db:
            identity_answers.answer(db, core, access.actor(second), session.id, True, f"{REASON} Not here.")
        pages_of(world, core, session, secret)
        decide(world, core, session, actor, added.id)
        decide_nothing(world, core, other, actor)
        with core.db.begin() as db:
            placed = holds.place(db, core, actor, session.id, HoldKind.LEGAL, "court order")
            procedures.release(db, core, BERT, placed.id)
            appeals.close(db, core, CARLA, appeal.id, AppealOutcome.REFUSED, "The recording shows it.")
            secrets = [secret_of_second]
            secrets += [access.begin_login(db, core, one)[1] for one in links]
        for one in secrets:
            pages_of(world, core, session, one)
        client = client_of(core, APIRouter())
        read(client, "/metrics")
        read(client, "/readyz")
        with core.db.begin() as db:
            access.end_login(db, secret)


def left_alone(world: RolesWorld) -> Session:
    """A session of which one stream was recorded, and then nothing."""
    session = invited(world)
    with world.role("capture") as core:
        with core.db.begin() as db:
            sessions.admit(db, core, session.id)
        webcam = world.begin(session)
        world.store(webcam, 0, world.clock.unix_ms)
        world.end(webcam, EndCause.CONNECTION_LOST)
    return session


def decide(world: RolesWorld, core: Core, session: Session, actor: Actor, flag_id: str) -> None:
    """An incident that a second person does not agree to and a third does; amended, and closed."""
    with core.db.begin() as db:
        for flag in flags.of_session(db, session.id):
            flags.decide(db, core, actor, flag.id, FlagState.DISMISSED)
    incident = seen_by_three(world, core, session, actor, (flag_id,))
    with core.db.begin() as db:
        incidents.confirm(db, core, DIRK, incident)
    with world.role("capture") as capture, capture.db.begin() as db:
        appeal = appeals.lodge(db, capture, session.id, "It was allowed.")
    with core.db.begin() as db:
        other = Amendment(Category.TECHNICAL, Severity.MAJOR)
        appeals.close(db, core, CARLA, appeal.id, AppealOutcome.AMENDED, "In part.", other)
        incidents.close(db, core, BERT, incident)


def decide_nothing(world: RolesWorld, core: Core, session: Session, actor: Actor) -> None:
    """Unclear to one person; an incident to another, which nobody agrees to."""
    with core.db.begin() as db:
        claims.claim(db, core, BERT, session.id)
        reviews.decide_unclear(db, core, BERT, session.id, REASON)
        claims.claim(db, core, actor, session.id)
    incident = seen_by_three(world, core, session, actor)
    with core.db.begin() as db:
        incidents.reject(db, core, DIRK, incident, REASON)


def seen_by_three(
    world: RolesWorld, core: Core, session: Session, actor: Actor, linked: tuple[str, ...] = ()
) -> str:
    """An incident of which a second person has said no; its id."""
    for person in (actor, BERT, DIRK):
        look(core, person, session.id)
    world.clock.move(seconds=1)
    with core.db.begin() as db:
        decided = incidents.decide(
            db, core, actor, session.id, Category.OTHER, Severity.MINOR, REASON, linked
        )
        incidents.reject(db, core, BERT, decided.id, REASON)
    return decided.id


def pages_of(world: RolesWorld, core: Core, session: Session, secret: str) -> None:
    """Every page and file that this person may see; what they may not is refused as ever."""
    router = staff_routes(core, world.opener, world.objects)
    client = client_of(core, router)
    app = FastAPI()
    app.include_router(router)
    places = {"session_id": session.id, "stream": "webcam", "position": "0", "log": "activity"}
    for method, path in addresses(app):
        if method == "GET" and path != ENDLESS:
            for name, value in places.items():
                path = path.replace(f"{{{name}}}", value)
            read(client, path, {"cookie": f"login={secret}"})


def worker_jobs(world: RolesWorld, session: Session) -> None:
    """Checkpoints, copies, time-stamps, rotation, ends of abandoned takes, erasure, brake, audit, sweep."""
    forgotten = invited(world)
    with world.role("capture") as core:
        with core.db.begin() as db:
            sessions.admit(db, core, forgotten.id)
        world.begin(forgotten)
    with world.role("worker") as core:
        copy = core.settings.checkpoint_copy
        Checkpoints(core, world.signer, copy, Stamps(core, Authority()).run).run()
        world.clock.move(days=8)
        assert Rotation(core, world.opener, world.keys, EpochGuard(core)).run()[0] > 0
        world.objects.put(segment_key(unit_of(core, session), core.new_id(), 0), b"without a leaf")
        world.eraser.run()
        world.clock.move(days=1)
        world.eraser.run()
        Checkpoints(core, world.signer, copy, Stamps(core, Away()).run).run()
    with world.core.db.begin() as db:
        assert sessions.load(db, forgotten.id).ended_at is not None
        results.publish_results(db, world.core, ADMIN, session.exam_id, world.clock())
    with world.role("worker") as core:
        world.clock.move(days=30)
        outcomes = world.eraser.run()
        assert any(outcome.certificate_id for outcome in outcomes), outcomes
        copied_twice(core, world)
        world.objects.put(segment_key(unit_of(core, session), core.new_id(), 0), b"found again")
        world.clock.move(days=2)
        world.eraser.run()
        with core.db.begin() as db:
            pull(db, core, Brake(BrakeCause.LONG_PAUSE, "tried"))
            release_all(db, core, SYSTEM, BrakeCause.LONG_PAUSE)
            pull(db, core, Brake(BrakeCause.CLOCK_JUMPED, "tried"))
        for found in (Dispute("unit.key", "a"), Dispute("unit.key", "b"), Dispute("unit.state", "c")):
            with core.db.begin() as db:
                stops.stop(db, core, session.id, [found])
        with core.db.begin() as db:
            stops.resume(db, core, session.id)
        client = client_of(core, APIRouter())
        read(client, "/metrics")
    replayed(world, session)
    words_end(world, session)


def replayed(world: RolesWorld, session: Session) -> None:
    """The ledger is compared with the rows; one is edited, put back, and edited again."""
    for ref in (session.ref, "C-9", session.ref, "C-8"):
        with world.core.db.begin() as db:
            sessions.session_row(db, session.id).ref = ref
        with world.role("worker") as core:
            world.clock.move(minutes=5)
            found = LedgerReplay(core, world.signer).run().findings
            assert bool(found) is (ref != session.ref)


def words_end(world: RolesWorld, session: Session) -> None:
    """Ten years later the record goes, and with it what people wrote for a decision."""
    with world.core.db.begin() as db:
        sessions.session_row(db, session.id).ref = session.ref
    world.clock.move(days=3700)
    with world.role("worker"):
        world.eraser.run(confirmed=True)
    with world.core.db.read() as db:
        assert words.count(db, session.id) == 0
        assert sessions.load(db, session.id).ref == ""


def copied_twice(core: Core, world: RolesWorld) -> None:
    """Two workers copy the same certificates at once."""
    Checkpoints(core, world.signer, core.settings.checkpoint_copy).run()
    with core.db.begin() as db:
        for row in db.scalars(select(CertificateCopyRow)):
            row.copied_at = core.clock() + timedelta(seconds=1)


def unit_of(core: Core, session: Session) -> str:
    with core.db.read() as db:
        return recordings.unit_of(db, session.id, Stream.WEBCAM).id


def put_back(world: RolesWorld, name: str) -> None:
    """The role notices that the database was put back, twice: one quarantine begins, which a person lifts."""
    nothing = Head(0, EMPTY_ROOT)
    with world.role(name) as core:
        CopyWatch(core, world.signer.public, core.settings.checkpoint_copy).look()
        database(core)
        with core.db.begin() as db:
            begun = quarantine.begin(db, core, nothing, nothing)
        with core.db.begin() as db:
            assert quarantine.begin(db, core, nothing, nothing) == begun
    with world.core.db.begin() as db:
        assert quarantine.end(db, world.core, ADMIN, begun, REASON)


def client_of(core: Core, router: APIRouter) -> AsgiClient:
    """The role's application, short of its running parts."""
    app = FastAPI()
    problems.install(app)
    app.include_router(health.routes(core, {"database": core.db.check}))
    app.include_router(router)
    return AsgiClient(app)


def read(client: AsgiClient, path: str, headers: dict[str, str] | None = None) -> None:
    """The answer is one that the service means, not its mistake."""
    answered = client.get(path, headers=headers)
    assert answered.status_code in (200, 303, 401, 403, 404, 422), f"{path}: {answered.text}"


class Authority:
    """Answers with what stands for a time-stamp."""

    def stamp(self, note: str) -> bytes:
        return b"stamp of " + note.encode()


class Away:
    """Never answers."""

    def stamp(self, note: str) -> bytes:
        raise TimestampFailed("away")
