"""Jobs of the worker, under its own user, and a database put back under every role."""

from datetime import timedelta

from fastapi import APIRouter
from sqlalchemy import delete, select, update

from proctoring.casework import results
from proctoring.casework.summary_check import SummaryCheck
from proctoring.compose.checks import database
from proctoring.core import Core
from proctoring.custody.model import SYSTEM
from proctoring.custody.rows import CertificateCopyRow
from proctoring.exams.model import Stream
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.worker_state import pull, release_all
from proctoring.privacy.service import own_recording
from proctoring.proofs import stops
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.disputes import Dispute
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.stamps import Stamps
from proctoring.quarantine import service as quarantine
from proctoring.quarantine.model import Head
from proctoring.recordings import service as recordings
from proctoring.recordings.rotation import Rotation
from proctoring.records import words
from proctoring.restore import compared
from proctoring.restore.compare import CopyWatch
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.summaries.rows import SummaryRow
from storage.errors import TimestampFailed
from storage.objects.naming import segment_key
from storage.proofs.tree import EMPTY_ROOT
from tests.integration.acts_of_capture import REASON, invited
from tests.integration.role_client import client_of, read
from tests.support.roles import RolesWorld
from tests.support.world import ADMIN


def mends_summaries(world: RolesWorld, session: Session, edit: dict[str, object]) -> None:
    """Somebody edits the session's summary; the job makes it anew, and counts at the end of its round."""
    with world.core.db.begin() as db:
        db.execute(update(SummaryRow).where(SummaryRow.session_id == session.id).values(edit))
    with world.role("worker") as core:
        check = SummaryCheck(core)
        assert check.run() > 0
        assert check.run() == 0


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
        db.execute(delete(SummaryRow).where(SummaryRow.session_id == forgotten.id))
    mends_summaries(world, session, {"stage": "second", "listed": "second", "held": True})
    mends_summaries(world, session, {"stage": "undecided", "listed": "undecided", "open_flags": 7})
    with world.role("worker") as core:
        world.clock.move(days=30)
        outcomes = world.eraser.run()
        assert any(outcome.certificate_id for outcome in outcomes), outcomes
        copied_twice(core, world)
        stated_twice(core, world)
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
    with world.role("capture") as core, core.db.read() as db:
        assert any(one.certificate_id for one in own_recording(db, core, session.id).stored)
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


def stated_twice(core: Core, world: RolesWorld) -> None:
    """The database says how far the copy was compared, and then further."""
    for offset in (1, 2):
        with core.db.begin() as db:
            compared.keep(db, world.signer, compared.Compared(offset))


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


class Authority:
    """Answers with what stands for a time-stamp."""

    def stamp(self, note: str) -> bytes:
        return b"stamp of " + note.encode()


class Away:
    """Never answers."""

    def stamp(self, note: str) -> bytes:
        raise TimestampFailed("away")
