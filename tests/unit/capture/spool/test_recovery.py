"""Random lives: parts away and back, lost answers, crashes; in the end is what was accepted, in order."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from capture.spool.drain import CommitResult, Drain
from capture.spool.ends import Ends
from capture.spool.entry import SpooledEnd, SpooledSegment
from capture.spool.spool import Spool
from proctoring.errors import Unavailable
from proctoring.exams.model import Stream
from proctoring.recordings import ending, take_owners
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import SegmentRow, TakeRow, leaves
from proctoring.recordings.service import BegunTake
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest, first_break
from tests.support.examples import examples
from tests.support.unreachable import Crash, Faults, Point, UnreachableObjects, faulty
from tests.support.world import SEGMENT_MS, World

STREAMS = st.sampled_from([Stream.WEBCAM, Stream.SCREEN])
CAUSES = st.sampled_from([EndCause.STOPPED, EndCause.CONNECTION_LOST, EndCause.DEVICE_LOST])


class Recording(RuleBasedStateMachine):
    """`accepted` and `ends` are what the recorder said yes to."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="spool-life-"))
        self.world = World(self.folder)
        self.faults = Faults()
        self._faulty = faulty(self.world.core, self.faults)
        self.core = self._faulty.__enter__()
        self.spool = Spool(self.folder / "spool", disk_free_bytes_min=0)
        self.spool.open()
        self.drain = Drain(self.core, UnreachableObjects(self.world.objects, self.faults), self.spool)
        self.session = self.world.admitted()
        self.finished = False
        self.running: dict[Stream, tuple[BegunTake, int]] = {}
        self.accepted: dict[str, list[tuple[str, int, str]]] = {}
        self.ends: dict[str, EndCause] = {}

    @precondition(lambda self: not self.finished and not self.faults.database_away)
    @rule(stream=STREAMS)
    def begin(self, stream: Stream) -> None:
        if stream not in self.running:
            begun = self.world.begin(self.session, stream)
            with self.world.core.db.begin() as db:
                take_owners.note_spool(db, begun.take.id, self.spool.id)
            self.running[stream] = (begun, 0)

    @rule(stream=STREAMS, pieces=st.integers(1, 3))
    def store(self, stream: Stream, pieces: int) -> None:
        for _ in range(pieces if stream in self.running else 0):
            begun, seq = self.running[stream]
            take = begun.take
            sealed = begun.sealer.seal(seq, take.media_type, b"%d" % seq)
            start = self.world.clock.unix_ms
            facts = SpooledSegment(
                take.unit_id, take.id, seq, take.media_type, digest(sealed), len(sealed), start, SEGMENT_MS,
                self.world.clock(),
            )  # fmt: skip
            self.spool.accept(facts, sealed)
            self.accepted.setdefault(take.unit_id, []).append((take.id, seq, facts.ct_sha256))
            self.running[stream] = (begun, seq + 1)
            self.world.clock.move(seconds=4)

    @rule(stream=STREAMS, cause=CAUSES)
    def end(self, stream: Stream, cause: EndCause) -> None:
        if stream in self.running:
            begun, _ = self.running.pop(stream)
            self.spool.end(SpooledEnd(begun.take.unit_id, begun.take.id, cause, self.world.clock()))
            self.ends[begun.take.id] = cause

    @precondition(lambda self: not self.faults.database_away)
    @rule()
    def finish(self) -> None:
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, self.session.id)
        self.finished = True

    @rule(store=st.booleans(), database=st.booleans())
    def parts_go_and_come(self, store: bool, database: bool) -> None:
        self.faults.store_away, self.faults.database_away = store, database

    @rule(point=st.sampled_from(list(Point)))
    def one_answer_is_lost(self, point: Point) -> None:
        self.faults.fail_once.add(point)

    @rule(steps=st.integers(1, 6))
    def commit_some(self, steps: int) -> None:
        for _ in range(steps):
            for unit in self.spool.lanes():
                self.drain.step(unit)

    @rule(point=st.sampled_from(list(Point)))
    def killed(self, point: Point) -> None:
        """At that point if it is reached, else between two of them."""
        self.faults.crash_at = point
        try:
            for unit in self.spool.lanes():
                self.drain.step(unit)
        except Crash:
            pass
        self.faults.crash_at = None
        self.restart()

    def restart(self) -> None:
        self.spool.close()
        self.spool.open()
        for begun, _ in self.running.values():
            self.ends[begun.take.id] = EndCause.SERVER_STOPPED
        lost = [begun.take for begun, _ in self.running.values()]
        self.running = {}
        while True:
            try:
                Ends(self.spool).recover(self.core)
            except Unavailable:  # a process without a database does not start; one with it does, later
                self.faults.database_away = False
                continue
            break
        assert {take.id for take in lost} <= self.spool.takes()

    @invariant()
    def the_manifest_is_the_beginning_of_what_was_accepted(self) -> None:
        with self.world.core.db.read() as db:
            for unit in db.query(UnitRow).all():
                rows = db.query(SegmentRow).filter_by(unit_id=unit.id).order_by(SegmentRow.position).all()
                registered = [(row.take_id, row.seq, row.ct_sha256) for row in rows]
                expected = self.accepted.get(unit.id, [])
                assert registered == expected[: len(registered)]
                assert len(registered) == len(expected) or unit.state == UnitState.OPEN.value
                assert first_break(leaves(rows)) is None
                for take, seq, sha256 in registered:
                    assert digest(self.world.objects.get(segment_key(unit.id, take, seq))) == sha256

    def teardown(self) -> None:
        try:
            self.everything_is_there_in_the_end()
        finally:
            self.spool.close()
            self._faulty.__exit__(None, None, None)
            self.world.core.db.close()
            shutil.rmtree(self.folder)

    def everything_is_there_in_the_end(self) -> None:
        self.faults.store_away = self.faults.database_away = False
        self.faults.fail_once = set()
        self.restart()
        while lanes := self.spool.lanes():
            for unit in lanes:
                assert self.drain.step(unit) is CommitResult.DONE
        assert self.spool.depth_bytes == 0
        with self.world.core.db.read() as db:
            takes = {row.id: row.end_cause for row in db.query(TakeRow).all()}
            sizes = {row.id: row.manifest_size for row in db.query(UnitRow).all() if row.manifest_size}
            states = {row.state for row in db.query(UnitRow).all()}
        assert takes == {take: cause.value for take, cause in self.ends.items()}
        assert sizes == {unit: len(pieces) for unit, pieces in self.accepted.items()}
        assert states == {(UnitState.RETAINED if self.finished else UnitState.OPEN).value}
        self.the_manifest_is_the_beginning_of_what_was_accepted()


Recording.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=40)
TestRecording = Recording.TestCase
