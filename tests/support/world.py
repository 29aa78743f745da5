"""A whole core and vault in a folder of the test's own, with a clock that stands until it is moved."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from proctoring.casework.glances import Glance, glances
from proctoring.casework.lines import Line, lines
from proctoring.casework.queue import Asked, queue
from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.db import Database
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, CountFrom, Exam, Regulation, Stream
from proctoring.holds.brake import NO_PAUSE_TOO_LONG, BrakeLimits
from proctoring.ids import new_id
from proctoring.links import Links
from proctoring.migrations import upgrade
from proctoring.proofs.copied_acts import copy_acts
from proctoring.recordings import ending, identity_images
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import BegunTake
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.summaries.model import Stage
from retention.erase import Eraser
from retention.rules import Rules
from storage.keys.folder import KeyFolder
from storage.objects.naming import segment_key
from storage.objects.shred import Shredder
from storage.objects.store import MemoryObjects, ObjectStore
from storage.proofs.manifest import digest
from storage.proofs.sign import Signer
from storage.seal import Opener, Sealer
from tests.support.settings import plain_settings
from tests.support.unit_keys import TAGS

START = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
ADMIN = Actor("admin", "exam-admin")
REGULATION = Regulation(14, CountFrom.RESULTS, "Europe/Brussels", 90)
SEGMENT_MS = 4000
UNPAUSED = Rules(brake=BrakeLimits(pause=NO_PAUSE_TOO_LONG))


@dataclass
class TestClock:
    """Stands still; `move` lets time pass."""

    __test__ = False
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    @property
    def unix_ms(self) -> int:
        return int(self.now.timestamp() * 1000)


@cache
def newest_schema() -> bytes:
    """An SQLite file with every migration done and nothing in it; they take longer than most tests."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "schema.db"
        database = Database(f"sqlite:///{file}")
        upgrade(database)
        database.close()
        return file.read_bytes()


@dataclass
class World:
    """`record` goes the whole way of a segment, short of WebRTC."""

    folder: Path
    clock: TestClock = field(default_factory=TestClock)
    objects: ObjectStore = field(default_factory=MemoryObjects)
    database_url: str | None = None
    copy: Path | None = None  # where its proofs are copied to

    def __post_init__(self) -> None:
        self.keys = keys = KeyFolder(self.folder / "keys")
        keys.ensure_epoch(self.clock())
        if self.database_url is None and not (file := self.folder / "world.db").exists():
            file.write_bytes(newest_schema())
        url = self.database_url or f"sqlite:///{self.folder / 'world.db'}"
        database = Database(url, clock=self.clock)
        self.core = Core(
            plain_settings(data=self.folder, checkpoint_copy=self.copy),
            self.clock,
            new_id,
            database,
            Links(b"0" * 32, self.clock),
            Sealer(keys, TAGS),
        )
        self.opener = Opener(keys)
        self.signer = Signer(b"1" * 32)
        copy_acts(self.core, self.signer)
        self.eraser = self.new_eraser()

    def new_eraser(self, objects: ObjectStore | None = None, rules: Rules | None = None) -> Eraser:
        """A worker in a process of its own, whose steady clock goes with the test's. By default it takes
        weeks between two passes, which tests skip, for no pause."""
        shredder = Shredder(objects or self.objects)
        rules = rules or UNPAUSED
        return Eraser(self.core, shredder, self.signer, rules=rules, ticks=lambda: self.clock.now.timestamp())

    def exam(
        self,
        regulation: Regulation = REGULATION,
        streams: tuple[Stream, ...] = tuple(Stream),
        identity_copy: bool = False,
    ) -> Exam:
        profile = CaptureProfile(streams, identity_copy)
        with self.core.db.begin() as db:
            return exams.create(db, self.core, ADMIN, "Module 2", regulation=regulation, profile=profile)

    def session(self, exam: Exam | None = None) -> Session:
        exam = exam or self.exam()
        with self.core.db.begin() as db:
            return sessions.create(db, self.core, ADMIN, exam.id, "C-1")

    def admitted(self, exam: Exam | None = None) -> Session:
        session = self.session(exam)
        with self.core.db.begin() as db:
            return sessions.admit(db, self.core, session.id, "v1", notice_text="{}", language="nl")

    def queued(self, stage: Stage = Stage.UNDECIDED) -> list[Line]:
        """The first page of the reviewers' queue."""
        with self.core.db.read() as db:
            return lines(db, queue(db, Asked("", stage)).rows, self.clock())

    def glance(self, session: Session) -> Glance:
        """What the queue draws of the session."""
        with self.core.db.read() as db:
            return glances(db, [session.id], self.clock())[session.id]

    def begin(self, session: Session, stream: Stream = Stream.WEBCAM) -> BegunTake:
        with self.core.db.begin() as db:
            return recordings.begin_take(
                db,
                self.core,
                session.id,
                stream,
                'video/webm; codecs="vp8"',
                start_unix_ms=self.clock.unix_ms,
            )

    def store(
        self,
        begun: BegunTake,
        seq: int,
        start_unix_ms: int,
        data: bytes = b"media",
        duration_ms: int = SEGMENT_MS,
    ) -> int:
        sealed = begun.sealer.seal(seq, begun.take.media_type, data)
        self.objects.put(segment_key(begun.take.unit_id, begun.take.id, seq), sealed)
        segment = SealedSegment(seq, digest(sealed), len(sealed), start_unix_ms, duration_ms)
        with self.core.db.begin() as db:
            return recordings.register(db, self.core, begun.take.id, segment)

    def end(self, begun: BegunTake, cause: EndCause = EndCause.STOPPED) -> None:
        with self.core.db.begin() as db:
            recordings.end_take(db, self.core, begun.take.id, cause)

    def record(self, session: Session, stream: Stream = Stream.WEBCAM, segments: int = 3) -> BegunTake:
        begun = self.begin(session, stream)
        start = self.clock.unix_ms
        for seq in range(segments):
            self.store(begun, seq, start + seq * SEGMENT_MS)
        self.end(begun)
        return begun

    def send_card(self, session: Session, image: bytes = b"card") -> BegunTake:
        """The candidate sends a picture of the identity card."""
        with self.core.db.begin() as db:
            begun = identity_images.begin_image(db, self.core, session.id, self.clock.unix_ms)
        self.store(begun, 0, self.clock.unix_ms, image, duration_ms=0)
        self.end(begun)
        return begun

    def ended(self, exam: Exam | None = None) -> Session:
        """A session that has ended, with every stream of its exam recorded."""
        exam = exam or self.exam()
        session = self.admitted(exam)
        if exam.profile.identity_copy:
            self.send_card(session)
        for stream in exam.profile.streams:
            self.record(session, stream)
        self.clock.move(seconds=12)
        with self.core.db.begin() as db:
            return ending.finish(db, self.core, session.id)
