"""Acts of a candidate and their devices, under the user of the role capture."""

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import routes as candidate_routes
from proctoring.appeals import service as appeals
from proctoring.core import Core
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.recordings import ending, late, ordinary_leaves, take_owners
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import Absence, SealedSegment
from proctoring.recordings.model import EndCause, GapPart
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.signals.model import Signal, SignalKind
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
from tests.integration.role_client import client_of, read
from tests.support.logs import answer, write
from tests.support.logs import event as happened
from tests.support.roles import RolesWorld
from tests.support.signals import write_sheet
from tests.support.world import ADMIN, REGULATION, SEGMENT_MS

EVERYTHING = CaptureProfile(
    tuple(Stream), identity_copy=True, activity_log=True, answers_log=True, signals=True
)
REASON = "Somebody else is heard."
SHEETS = (Signal(SignalKind.DARK, "mean-luma", 1, 16, "luma", 7.5, 0, 3_000),)


def invited(world: RolesWorld) -> Session:
    """As the command line invites."""
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=EVERYTHING)
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
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="nl")
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="fr")
        sessions.phone_ready(db, core, session.id)
        help_requests.ask(db, core, session.id, HelpKind.HELP, "It does not start.")
    world.send_card(session)


def during_the_exam(world: RolesWorld, core: Core, session: Session) -> None:
    told(world, core)
    start = world.clock.unix_ms
    webcam, screen = world.begin(session), world.begin(session, Stream.SCREEN)
    world.store(webcam, 0, start)
    with core.db.begin() as db:
        take_owners.note_spool(db, webcam.take.id, "spool-1")
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
        ordinary_leaves.register_all(db, core, {begun.take.id: segment})


def fill_late(world: RolesWorld, core: Core, session: Session, at: int) -> None:
    with core.db.begin() as db:
        late.expect(db, core, session.id, Stream.WEBCAM, True)
        begun = late.begin_late_take(db, core, session.id, Stream.WEBCAM, "video/webm", start_unix_ms=at)
    world.store(begun, 0, at)
    world.end(begun)


def candidates_life(world: RolesWorld) -> Session:
    """Invitation to appeal, with every page of theirs read under the same user."""
    session = recorded(world)
    with world.role("capture") as core:
        with core.db.begin() as db:
            appeals.lodge(db, core, session.id, "I was alone in the room.")
        client = client_of(core, candidate_routes(core, MemoryIdentityRecorder()))
        links = core.links
        for path in ("", "/exam", "/recording", "/help.json", "/status.json", "/in-person"):
            read(client, f"/c/{links.invitation(session)}{path}")
        read(client, f"/p/{links.phone(session)}/status.json")
        read(client, "/metrics")
        read(client, "/readyz")
    return session


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
