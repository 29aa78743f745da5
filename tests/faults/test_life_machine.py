"""Any order of recording, holds, late segments, passes, crashes, restores and time: nothing lost or left.

The invariants are checked after every step (`tests/support/life.py`).
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from proctoring.appeals import service as appeals
from proctoring.casework import procedures, results
from proctoring.custody.model import Actor
from proctoring.errors import BeingErased, Conflict, NotFound, Quarantined, WrongState
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults
from proctoring.recordings import ending
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.service import BegunTake
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from proctoring.units.model import KEYLESS_VALUES, UnitState
from proctoring.units.rows import UnitRow
from retention.erase import Eraser
from storage.objects.naming import segment_key
from storage.objects.shred import Shredder
from storage.proofs import witness
from storage.proofs.manifest import digest
from tests.support import postgres
from tests.support.crash import Crash, Points, crash, crashing
from tests.support.life import check_life, check_nothing_due_is_left
from tests.support.restore import Backup, Operations, back_up
from tests.support.versioned import VersionedObjects
from tests.support.world import ADMIN, SEGMENT_MS, UNPAUSED, World

STEPS_MIN = 2000
EXAMPLES = 40
STEPS_EACH = 60
SESSIONS_MAX = 3
OFFICER = Actor("officer", "privacy-officer")
ANY = st.integers(0, 99)


class Life(RuleBasedStateMachine):
    """Up to three sessions of one exam; whatever can happen to them happens in any order."""

    on_postgres = False
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life-"))
        self.database_url = postgres.server().fresh() if self.on_postgres else None
        self.world = World(self.folder, database_url=self.database_url, copy=self.folder / "copy")
        self.operations = Operations(self.world)
        self.backup: Backup | None = None
        self.objects = VersionedObjects()
        self.world.objects = self.objects
        self.exam = self.world.exam(streams=(Stream.WEBCAM, Stream.SCREEN))
        self.sessions: list[Session] = []
        self.takes: list[tuple[BegunTake, list[int]]] = []
        self.strays: set[str] = set()

    def teardown(self) -> None:
        self.world.core.db.close()
        if self.backup is not None:
            self.backup.forget()
        if self.database_url:
            postgres.server().drop(self.database_url)
        shutil.rmtree(self.folder)

    @precondition(lambda self: len(self.sessions) < SESSIONS_MAX)
    @rule()
    def admit(self) -> None:
        session = self.world.admitted(self.exam)
        self.sessions.append(session)
        for stream in (Stream.WEBCAM, Stream.SCREEN):
            begun = self.world.begin(session, stream)
            self.world.store(begun, 0, self.world.clock.unix_ms)
            self.takes.append((begun, [0]))

    @precondition(lambda self: self.takes)
    @rule(which=ANY, leaf=st.booleans())
    def segment(self, which: int, leaf: bool) -> None:
        """In time or late, and now and then its process dies between object and leaf."""
        begun, seqs = self.takes[which % len(self.takes)]
        seqs.append(seqs[-1] + 1)
        sealed = begun.sealer.seal(seqs[-1], begun.take.media_type, b"media")
        self.objects.put(segment_key(begun.take.unit_id, begun.take.id, seqs[-1]), sealed)
        with self.world.core.db.read() as db:
            living = db.get_one(UnitRow, begun.take.unit_id).state == UnitState.OPEN.value
        if not living:
            self.strays.add(begun.take.unit_id)
        if leaf:
            facts = SealedSegment(seqs[-1], digest(sealed), len(sealed), self.world.clock.unix_ms, SEGMENT_MS)
            accepted = False
            with suppress(WrongState, NotFound), self.world.core.db.begin() as db:
                recordings.register(db, self.world.core, begun.take.id, facts)
                accepted = True
            assert accepted is living

    @precondition(lambda self: self.takes)
    @rule(which=ANY)
    def upload_left(self, which: int) -> None:
        begun, _ = self.takes[which % len(self.takes)]
        self.objects.begin_upload(segment_key(begun.take.unit_id, begun.take.id, 99))
        self.strays.add(begun.take.unit_id)

    @precondition(lambda self: self.sessions)
    @rule(which=ANY)
    def finish(self, which: int) -> None:
        session = self.sessions[which % len(self.sessions)]
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, session.id)
        for begun, _ in self.takes:
            if begun.take.session_id == session.id:
                with suppress(NotFound):  # its row went with the evidence
                    self.world.end(begun, EndCause.SESSION_ENDED)

    @precondition(lambda self: self.sessions)
    @rule(which=ANY, kind=st.sampled_from([HoldKind.LEGAL, HoldKind.INCIDENT]))
    def hold(self, which: int, kind: HoldKind) -> None:
        with suppress(BeingErased), self.world.core.db.begin() as db:
            session = self.sessions[which % len(self.sessions)]
            holds.place(db, self.world.core, OFFICER, session.id, kind, reason="seen by two people")

    @precondition(lambda self: self.sessions)
    @rule(which=ANY)
    def appeal(self, which: int) -> None:
        with suppress(Conflict), self.world.core.db.begin() as db:
            appeals.lodge(db, self.world.core, self.sessions[which % len(self.sessions)].id, "I was alone.")

    @rule(which=ANY)
    def release(self, which: int) -> None:
        """The hold of an open appeal ends with its answer alone."""
        with suppress(Conflict), self.world.core.db.begin() as db:
            active = holds.active(db)
            if active:
                procedures.release(db, self.world.core, ADMIN, active[which % len(active)].id)

    @rule()
    def publish(self) -> None:
        with suppress(Conflict), self.world.core.db.begin() as db:
            results.publish_results(db, self.world.core, ADMIN, self.exam.id, self.world.clock())

    @rule(hours=st.sampled_from([1, 25, 24 * 15, 24 * 100]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.move(hours=hours)

    @rule()
    def due(self) -> None:
        """To the very instant, or just before it: where mistakes live."""
        with self.world.core.db.read() as db:
            coming = select(UnitRow.due_at).where(UnitRow.due_at > self.world.clock())
            instants = list(db.scalars(coming.order_by(UnitRow.due_at)))
        if instants:
            self.world.clock.now = instants[0]

    @rule()
    def just_before_due(self) -> None:
        with self.world.core.db.read() as db:
            coming = select(UnitRow.due_at).where(UnitRow.due_at > self.world.clock())
            instants = list(db.scalars(coming.order_by(UnitRow.due_at)))
        if instants:
            self.world.clock.now = instants[0] - timedelta(microseconds=1)

    @rule()
    def a_pass(self) -> None:
        self.world.new_eraser(self.objects).run()
        check_nothing_due_is_left(self.world)

    @rule()
    def a_day_later_the_audit(self) -> None:
        """By then everything that was written after the end is gone again."""
        self.world.clock.move(days=1)
        self.world.new_eraser(self.objects).run()
        with self.world.core.db.read() as db:
            audited = self.world.clock() - timedelta(days=35)
            erased = select(UnitRow.id).where(UnitRow.erased_at > audited)
            self.strays -= set(db.scalars(erased))

    @rule(point=st.integers(1, 40))
    def a_crashed_pass(self, point: int) -> None:
        core, objects = crashing(self.world.core, self.objects, Points(point, crash))
        ticks = lambda: self.world.clock.now.timestamp()  # noqa: E731
        with suppress(Crash):
            Eraser(core, Shredder(objects), self.world.signer, rules=UNPAUSED, ticks=ticks).run()

    @rule()
    def signed_and_copied(self) -> None:
        self.operations.checkpoints().run()

    @rule()
    def backed_up(self) -> None:
        if self.backup is not None:
            self.backup.forget()
        self.backup = back_up(self.world)

    @precondition(lambda self: self.sessions)
    @rule(
        old=st.booleans(),
        since=st.lists(st.sampled_from(["hold", "release", "segment", "pass", "copy"]), max_size=4),
        which=ANY,
        pass_between=st.booleans(),
    )
    def restored(self, old: bool, since: list[str], which: int, pass_between: bool) -> None:
        """The old database comes back under the objects of today. Of what it knows, everything erased or held
        until now is so again, though nobody remembers but the copy."""
        if self.backup is None or not old:
            self.backed_up()
        assert self.backup is not None
        acts: dict[str, Callable[[], object]] = {
            "hold": lambda: self.hold(which, HoldKind.LEGAL),
            "release": lambda: self.release(which),
            "segment": lambda: self.segment(which, True) if self.takes else None,
            "pass": self.a_pass,
            "copy": self.signed_and_copied,
        }
        for act in since:
            acts[act]()
        held, begun = self._held(), self._begun()
        self.backup.put_back()
        known = self._units()
        found = self.operations.look()
        assert self.operations.quarantined() is bool(found)
        if found:
            if pass_between:
                with suppress(Quarantined):
                    self.world.new_eraser(self.objects).run()
                    raise AssertionError("a pass while in quarantine")
            self.operations.replay()
            self.operations.lift()
            assert not self.operations.look()
        assert (held & known) - begun <= self._held(), "a hold was lost with the restore"
        assert begun & known <= self._begun(), "what was erased lives again"
        self.operations.checkpoints().run()
        lines, _ = witness.read(self.operations.copy)
        with self.world.core.db.read() as db:
            assert ledger_faults(db, self.world.signer.public, lines) == []
            assert compare_all_rows(db).faults == []
            sessions_known = set(db.scalars(select(SessionRow.id)))
            takes = set(db.scalars(select(TakeRow.id)))
        self.sessions = [one for one in self.sessions if one.id in sessions_known]
        self.takes = [(begun, seqs) for begun, seqs in self.takes if begun.take.id in takes]

    def _units(self) -> set[str]:
        with self.world.core.db.read() as db:
            return set(db.scalars(select(UnitRow.id)))

    def _held(self) -> set[str]:
        with self.world.core.db.read() as db:
            return set(db.scalars(select(UnitRow.id).where(UnitRow.active_holds > 0)))

    def _begun(self) -> set[str]:
        with self.world.core.db.read() as db:
            return set(db.scalars(select(UnitRow.id).where(UnitRow.state.in_(KEYLESS_VALUES))))

    @invariant()
    def nothing_is_lost_and_nothing_is_left(self) -> None:
        type(self).steps += 1
        check_life(self.world, self.objects, frozenset(self.strays))


@pytest.mark.promise("P7")
@pytest.mark.promise("P8")
@pytest.mark.promise("P9")
@pytest.mark.promise("P10")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_no_order_of_events_loses_or_leaves_anything(database: str) -> None:
    """At least 2,000 steps on each database."""
    if database == "postgres":
        postgres.server()
    machine = type("Life", (Life,), {"on_postgres": database == "postgres", "steps": 0})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS_EACH,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.steps >= STEPS_MIN  # type: ignore[attr-defined]
