"""From the spool into store and database: every lost answer and every crash ends in the same manifest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from capture.spool.drain import UNKNOWN_KEPT, CommitResult, Drain
from capture.spool.ends import Ends
from capture.spool.entry import SpooledEnd, SpooledSegment
from capture.spool.spool import Spool
from proctoring.core import Core
from proctoring.exams.model import Stream
from proctoring.recordings import ending, take_owners
from proctoring.recordings import service as recordings
from proctoring.recordings.model import EndCause, GapReason
from proctoring.recordings.rows import SegmentRow, TakeRow, leaves
from proctoring.recordings.service import BegunTake
from proctoring.recordings.settle import TAKE_ABANDONED_AFTER
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest, first_break
from tests.support.names import TAKE_2, UNIT_B
from tests.support.unreachable import Crash, Faults, Point, UnreachableObjects, faulty
from tests.support.world import SEGMENT_MS, World


@dataclass
class Bench:
    """A world whose database and store have faults, with a spool before them."""

    world: World
    faults: Faults
    core: Core
    spool: Spool
    drain: Drain

    def begin(self, session: Session, stream: Stream = Stream.WEBCAM) -> BegunTake:
        begun = self.world.begin(session, stream)
        with self.world.core.db.begin() as db:
            take_owners.note_spool(db, begun.take.id, self.spool.id)
        return begun

    def accept(self, begun: BegunTake, seq: int, start_unix_ms: int | None = None) -> bytes:
        sealed = begun.sealer.seal(seq, begun.take.media_type, b"media %d" % seq)
        start = self.world.clock.unix_ms + seq * SEGMENT_MS if start_unix_ms is None else start_unix_ms
        take = begun.take
        facts = SpooledSegment(
            take.unit_id, take.id, seq, take.media_type, digest(sealed), len(sealed), start, SEGMENT_MS,
            self.world.clock(),
        )  # fmt: skip
        self.spool.accept(facts, sealed)
        return sealed

    def end(self, begun: BegunTake, cause: EndCause = EndCause.STOPPED) -> None:
        self.spool.end(SpooledEnd(begun.take.unit_id, begun.take.id, cause, self.world.clock()))

    def empty(self, unit: str) -> CommitResult:
        """Steps until the lane is empty or a step does not go through."""
        while self.spool.first(unit) is not None:
            if (outcome := self.drain.step(unit)) is not CommitResult.DONE:
                return outcome
        return CommitResult.DONE

    def restart(self) -> None:
        """What the next process does first."""
        self.spool.close()
        self.spool.open()
        Ends(self.spool).recover(self.core)

    def finish(self, session: Session) -> None:
        with self.world.core.db.begin() as db:
            ending.finish(db, self.world.core, session.id)

    def line(self, session: Session, stream: Stream = Stream.WEBCAM) -> StreamTimeline:
        with self.world.core.db.read() as db:
            return next(s for s in timeline(db, session.id).streams if s.stream is stream)

    def leaves(self, unit: str) -> list[tuple[str, int, str]]:
        """The unit's manifest: take, number and hash of each leaf; the chain is whole."""
        with self.world.core.db.read() as db:
            rows = db.query(SegmentRow).filter_by(unit_id=unit).order_by(SegmentRow.position).all()
            assert [row.position for row in rows] == list(range(len(rows)))
            assert first_break(leaves(rows)) is None
            return [(row.take_id, row.seq, row.ct_sha256) for row in rows]


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    faults = Faults()
    spool = Spool(world.folder / "spool", disk_free_bytes_min=0)
    spool.open()
    with faulty(world.core, faults) as core:
        yield Bench(world, faults, core, spool, Drain(core, UnreachableObjects(world.objects, faults), spool))
    spool.close()


@pytest.mark.parametrize("point", list(Point))
@pytest.mark.parametrize("crash", [False, True], ids=["answer-lost", "killed"])
def test_whatever_goes_wrong_at_any_point_the_manifest_is_what_was_accepted(
    bench: Bench, point: Point, crash: bool
) -> None:
    """Before and after every transaction and every put, for each step of the way in turn: in the end every
    segment is there once, in order, with its bytes, and the take has ended with its cause."""
    for step in range(1, 4):
        session = bench.world.admitted()
        begun = bench.world.begin(session)
        unit = begun.take.unit_id
        sealed = [bench.accept(begun, seq) for seq in range(3)]
        bench.end(begun, EndCause.SHARING_ENDED)
        for _ in range(step):
            if crash:
                bench.faults.crash_at = point
            else:
                bench.faults.fail_once.add(point)
            try:
                outcome = bench.drain.step(unit)
            except Crash:
                bench.restart()
            else:
                assert crash or point in bench.faults.fail_once or outcome is CommitResult.UNREACHABLE
            bench.faults.crash_at, bench.faults.fail_once = None, set()
        assert bench.empty(unit) is CommitResult.DONE
        take = begun.take.id
        assert bench.leaves(unit) == [(take, seq, digest(data)) for seq, data in enumerate(sealed)]
        for seq, data in enumerate(sealed):
            assert bench.world.objects.get(segment_key(unit, take, seq)) == data
        (shown,) = bench.line(session).takes
        assert shown.end_cause is EndCause.SHARING_ENDED
        assert len(bench.spool) == 0


def test_times_are_those_of_acceptance_however_late_the_commit(bench: Bench) -> None:
    """A leaf says when its segment was received, a take when it ended; ten minutes without parts are not in
    either."""
    session = bench.world.admitted()
    begun = bench.world.begin(session)
    bench.accept(begun, 0)
    accepted = bench.world.clock()
    bench.world.clock.move(seconds=4)
    bench.end(begun)
    bench.world.clock.move(minutes=10)
    assert bench.empty(begun.take.unit_id) is CommitResult.DONE
    line = bench.line(session)
    assert line.segments[0].received_at == accepted
    assert line.takes[0].ended_at == accepted + timedelta(seconds=4)


def test_takes_of_a_stream_are_committed_one_after_the_other(bench: Bench) -> None:
    """While the store was away the publisher came back as a new take: the gap between the two is exactly the
    missing stretch, with the reason of the first take's end, as if the store had been there."""
    session = bench.world.admitted()
    first = bench.world.begin(session)
    start = bench.world.clock.unix_ms
    bench.faults.store_away = True
    bench.accept(first, 0, start)
    bench.end(first, EndCause.DEVICE_LOST)
    second = bench.world.begin(session)
    bench.accept(second, 0, start + 20_000)
    assert bench.empty(first.take.unit_id) is CommitResult.UNREACHABLE
    assert bench.leaves(first.take.unit_id) == []
    bench.faults.store_away = False
    assert bench.empty(first.take.unit_id) is CommitResult.DONE
    (gap,) = bench.line(session).gaps
    assert (gap.reason, gap.cause) == (GapReason.DEVICE, EndCause.DEVICE_LOST)
    assert (gap.start_ms, gap.end_ms) == (1000 + SEGMENT_MS, 1000 + 20_000)


def test_a_session_that_ended_is_not_retained_before_its_spool_is_empty(bench: Bench) -> None:
    """Finished, and its ends spooled too, it stays open for what waits, also when that takes longer than an
    abandoned take is given; then everything is there and it is retained."""
    session = bench.world.admitted()
    begun = bench.world.begin(session)
    unit = begun.take.unit_id
    bench.faults.store_away = True
    sealed = [bench.accept(begun, seq) for seq in range(3)]
    bench.end(begun)
    bench.finish(session)
    bench.empty(unit)
    assert bench.line(session).state is UnitState.OPEN
    bench.world.clock.move(seconds=(2 * TAKE_ABANDONED_AFTER).total_seconds())
    with bench.world.core.db.begin() as db:
        recordings.still_here(db, bench.world.core, bench.spool.takes())
    bench.world.eraser.run()
    assert bench.line(session).state is UnitState.OPEN
    bench.faults.store_away = False
    assert bench.empty(unit) is CommitResult.DONE
    assert [leaf[2] for leaf in bench.leaves(unit)] == [digest(data) for data in sealed]
    assert bench.line(session).state is UnitState.RETAINED


def test_a_take_that_nobody_speaks_for_is_still_abandoned(bench: Bench) -> None:
    """A capture process that never comes back does not keep evidence from its end."""
    session = bench.world.admitted()
    begun = bench.world.begin(session)
    with bench.world.core.db.begin() as db:
        recordings.still_here(db, bench.world.core, {begun.take.id})
    bench.finish(session)
    bench.world.clock.move(seconds=TAKE_ABANDONED_AFTER.total_seconds() + 1)
    bench.world.eraser.run()
    assert bench.line(session).state is UnitState.RETAINED


@pytest.mark.promise("P7")
def test_nothing_is_put_where_evidence_was_erased(bench: Bench) -> None:
    """A spool that comes back after its unit is closed, or gone, brings nothing back: not even ciphertext."""
    session = bench.world.admitted()
    begun = bench.world.begin(session)
    unit = begun.take.unit_id
    bench.accept(begun, 0)
    bench.world.end(begun)
    bench.finish(session)
    assert bench.line(session).state is UnitState.RETAINED
    bench.world.clock.move(days=400)
    bench.world.eraser.run()
    assert bench.line(session).state is UnitState.ERASED
    assert bench.empty(unit) is CommitResult.DONE
    assert list(bench.world.objects.versions(f"u/{unit}/")) == []
    assert (len(bench.spool), bench.spool.counters["refused"]) == (0, 1)
    assert begun.take.id in bench.drain.refused
    bench.accept(begun, 1)  # just now: its take's row is gone, which is no reason to wait
    assert bench.empty(unit) is CommitResult.DONE
    assert (len(bench.spool), bench.spool.counters["refused"]) == (0, 2)
    assert list(bench.world.objects.versions(f"u/{unit}/")) == []


def test_a_take_that_the_database_does_not_know_waits_as_long_as_an_orphan(bench: Bench) -> None:
    """After a restore a newer backup may still come; other streams go on meanwhile."""
    sealed = b"PEV1 of a forgotten take"
    unknown = SpooledSegment(
        UNIT_B, TAKE_2, 0, "video/webm", digest(sealed), len(sealed), 0, 4000, bench.world.clock()
    )
    bench.spool.accept(unknown, sealed)
    begun = bench.world.begin(bench.world.admitted())
    bench.accept(begun, 0)
    assert bench.empty(UNIT_B) is CommitResult.HELD_UP
    assert bench.empty(begun.take.unit_id) is CommitResult.DONE
    bench.world.clock.move(seconds=UNKNOWN_KEPT.total_seconds())
    assert bench.empty(UNIT_B) is CommitResult.DONE
    assert list(bench.world.objects.versions(f"u/{UNIT_B}/")) == []


def test_a_damaged_segment_does_not_hold_up_those_behind_it(bench: Bench) -> None:
    """It is missing in the manifest, for all to see, and counted."""
    begun = bench.world.begin(bench.world.admitted())
    for seq in range(3):
        bench.accept(begun, seq)
    entry = bench.spool.first(begun.take.unit_id)
    assert entry is not None
    written = entry.path.read_bytes()
    entry.path.write_bytes(written[:-1] + bytes([written[-1] ^ 1]))
    assert bench.empty(begun.take.unit_id) is CommitResult.DONE
    assert [leaf[1] for leaf in bench.leaves(begun.take.unit_id)] == [1, 2]
    assert bench.spool.counters["damaged"] == 1


def test_recovery_ends_what_was_left_open_behind_its_segments(bench: Bench) -> None:
    """Takes with and without something waiting; a take whose true end waits keeps it."""
    session = bench.world.admitted()
    with_segments = bench.begin(session, Stream.WEBCAM)
    without = bench.begin(session, Stream.PHONE)
    ended = bench.begin(session, Stream.SCREEN)
    bench.accept(with_segments, 0)
    bench.accept(ended, 0)
    bench.end(ended, EndCause.SHARING_ENDED)
    bench.restart()
    bench.restart()
    for unit in bench.spool.lanes():
        assert bench.empty(unit) is CommitResult.DONE
    with bench.world.core.db.read() as db:
        causes = {row.id: row.end_cause for row in db.query(TakeRow).all()}
        sizes = {row.id: row.manifest_size for row in db.query(UnitRow).all()}
    stopped = EndCause.SERVER_STOPPED.value
    assert causes == {
        with_segments.take.id: stopped,
        without.take.id: stopped,
        ended.take.id: EndCause.SHARING_ENDED.value,
    }
    assert sizes[with_segments.take.unit_id] == sizes[ended.take.unit_id] == 1
