"""Many streams' segments in one transaction: the leaves that one by one makes; the unusual is left."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from capture.spool.drain import CommitResult, Drain
from capture.spool.entry import SpooledEnd, SpooledSegment
from capture.spool.lane_threads import LaneThreads
from capture.spool.spool import Spool
from proctoring.errors import Contended
from proctoring.exams.model import Stream
from proctoring.recordings import ordinary_leaves
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import GapRow, SegmentRow, TakeRow, stored
from proctoring.recordings.service import BegunTake, end_take
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.errors import StoreFailed
from storage.objects.naming import segment_key
from storage.proofs.manifest import GENESIS, digest
from tests.support.service import wait_until
from tests.support.world import SEGMENT_MS, World

LIMIT_S = 30


@dataclass
class Bench:
    world: World
    spool: Spool
    drain: Drain
    session: Session
    begun: list[BegunTake]

    def accept(self, begun: BegunTake, seq: int, late_ms: int = 0) -> None:
        take = begun.take
        sealed = begun.sealer.seal(seq, take.media_type, b"pictures %d" % seq)
        self.spool.accept(
            SpooledSegment(
                unit=take.unit_id,
                take=take.id,
                seq=seq,
                media_type=take.media_type,
                ct_sha256=digest(sealed),
                ct_len=len(sealed),
                start_unix_ms=self.world.clock.unix_ms + seq * SEGMENT_MS + late_ms,
                duration_ms=SEGMENT_MS,
                accepted_at=self.world.core.clock(),
            ),
            sealed,
        )

    def steps(self) -> None:
        while units := self.spool.lanes():
            for unit in units:
                assert self.drain.step(unit) is CommitResult.DONE

    def leaves(self, begun: BegunTake) -> list[SegmentRow]:
        with self.world.core.db.read() as db:
            return [row for row in stored(db, begun.take.unit_id) if row.take_id == begun.take.id]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    world = World(tmp_path)
    session = world.admitted()
    begun = [world.begin(session, stream) for stream in Stream]
    spool = Spool(tmp_path / "spool", disk_free_bytes_min=0)
    spool.open()
    made = Bench(world, spool, Drain(world.core, world.objects, spool), session, begun)
    for one in begun:
        made.accept(one, 0)
    made.steps()
    yield made
    spool.close()
    world.core.db.close()


def test_leaves_are_those_that_one_by_one_makes(bench: Bench) -> None:
    """Chained to the one before, of the bytes that were put; heads, sizes and ends of takes go with them."""
    for seq in (1, 2):
        for one in bench.begun:
            bench.accept(one, seq)
        assert bench.drain.together(bench.spool.lanes()) == {one.take.unit_id for one in bench.begun}
    assert len(bench.spool) == 0
    for one in bench.begun:
        bench.accept(one, 3)
    bench.steps()
    for one in bench.begun:
        leaves = bench.leaves(one)
        assert [leaf.seq for leaf in leaves] == [leaf.position for leaf in leaves] == [0, 1, 2, 3]
        prev = GENESIS
        for leaf in leaves:
            assert leaf.leaf(prev).hash() == leaf.leaf_hash
            assert digest(bench.world.objects.get(leaf.object_key)) == leaf.ct_sha256
            prev = leaf.leaf_hash
        with bench.world.core.db.read() as db:
            unit, take = db.get_one(UnitRow, one.take.unit_id), db.get_one(TakeRow, one.take.id)
            assert (unit.manifest_size, unit.manifest_head) == (4, prev)
            assert take.end_ms == leaves[-1].start_ms + SEGMENT_MS
            assert list(db.scalars(select(GapRow))) == []


def test_what_is_unusual_is_left_for_one_by_one(bench: Bench) -> None:
    """Of a closed unit, the first of a take that follows another, or an end: nothing is put or registered of
    it, and the others are."""
    ended, closed, ordinary = bench.begun
    with bench.world.core.db.begin() as db:
        end_take(db, bench.world.core, ended.take.id, EndCause.REPLACED)
    first = bench.world.begin(bench.session, Stream(ended.take.stream))
    bench.accept(first, 0)
    bench.accept(closed, 1)
    bench.accept(ordinary, 1)
    with bench.world.core.db.begin() as db:
        db.get_one(UnitRow, closed.take.unit_id).state = UnitState.ERASING.value
    assert bench.drain.together(bench.spool.lanes()) == {ordinary.take.unit_id}
    for one, seq in ((first, 0), (closed, 1)):
        assert segment_key(one.take.unit_id, one.take.id, seq) not in {
            version.key for version in bench.world.objects.versions(f"u/{one.take.unit_id}/")
        }
    bench.steps()
    assert [len(bench.leaves(one)) for one in (first, closed, ordinary)] == [1, 1, 2]
    bench.spool.end(SpooledEnd(first.take.unit_id, first.take.id, EndCause.STOPPED, bench.world.core.clock()))
    bench.accept(ordinary, 2)
    assert bench.drain.together(bench.spool.lanes()) == {ordinary.take.unit_id}


def test_what_fails_together_is_told_and_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of ours is counted, and logged with where it was. What `step` meets and counts again is not.
    Either way all is left for it."""
    for one in bench.begun:
        bench.accept(one, 1)
    for error, told in ((ValueError("ours"), [("error", True)]), (StoreFailed("away"), [("info", False)])):
        with monkeypatch.context() as failing, structlog.testing.capture_logs() as logs:
            failing.setattr(bench.world.objects, "put", raising(error))
            before = bench.spool.counters["failures"]
            assert bench.drain.together(bench.spool.lanes()) == set()
        assert bench.spool.counters["failures"] - before == len([one for one in told if one[1]])
        assert [(one["log_level"], bool(one.get("exc_info"))) for one in logs] == told
    bench.steps()
    assert [len(bench.leaves(one)) for one in bench.begun] == [2, 2, 2]


def raising(error: Exception) -> Callable[..., None]:
    def fails(*_: object) -> None:
        raise error

    return fails


def test_the_first_of_a_stream_is_ordinary(bench: Bench) -> None:
    """Its take begins where it does, and the gap from when another stream began ends there, as one by one."""
    sessions = [bench.world.admitted(), bench.world.admitted()]
    rows = []
    for session, together in zip(sessions, (False, True), strict=True):
        begun = [bench.world.begin(session, stream) for stream in (Stream.WEBCAM, Stream.SCREEN)]
        for one, late_ms in zip(begun, (300, 9_000), strict=True):
            bench.accept(one, 0, late_ms=late_ms)
        units = {one.take.unit_id for one in begun}
        if together:
            assert bench.drain.together(bench.spool.lanes()) == units
        bench.steps()
        with bench.world.core.db.read() as db:
            takes = [db.get_one(TakeRow, one.take.id) for one in begun]
            gaps = db.scalars(select(GapRow).where(GapRow.unit_id.in_(units)))
            rows.append(
                (
                    [(take.start_ms, take.end_ms) for take in takes],
                    [(gap.start_ms, gap.end_ms, gap.cause) for gap in gaps],
                )
            )
    assert rows[0] == rows[1]
    assert rows[1][1]


def test_where_packets_were_lost_a_gap_is_left(bench: Bench) -> None:
    """As one by one leaves it: from the end of what was stored to where the next segment begins; a log has
    none."""
    one_by_one, together, whole = bench.begun
    bench.accept(one_by_one, 1, late_ms=SEGMENT_MS)
    bench.steps()
    bench.accept(together, 1, late_ms=SEGMENT_MS)
    bench.accept(whole, 1)
    assert bench.drain.together(bench.spool.lanes()) == {together.take.unit_id, whole.take.unit_id}
    with bench.world.core.db.read() as db:
        left = {gap.unit_id: (gap.end_ms, gap.cause, gap.reason) for gap in db.scalars(select(GapRow))}
        lengths = {gap.unit_id: (gap.end_ms or 0) - gap.start_ms for gap in db.scalars(select(GapRow))}
    assert set(left) == {one_by_one.take.unit_id, together.take.unit_id}
    assert left[together.take.unit_id] == left[one_by_one.take.unit_id]
    assert set(lengths.values()) == {SEGMENT_MS}


def test_a_unit_that_closes_in_between_changes_nothing(bench: Bench) -> None:
    """All of the transaction or none of it."""
    segments = {
        one.take.id: SealedSegment(1, "0" * 64, 1, bench.world.clock.unix_ms + SEGMENT_MS, SEGMENT_MS)
        for one in bench.begun
    }
    with bench.world.core.db.read() as db:
        assert ordinary_leaves.ordinary(db, segments) == set(segments)
    with bench.world.core.db.begin() as db:
        db.get_one(UnitRow, bench.begun[0].take.unit_id).state = UnitState.ERASING.value
    with pytest.raises(Contended), bench.world.core.db.begin() as db:
        ordinary_leaves.register_all(db, bench.world.core, segments)
    assert [len(bench.leaves(one)) for one in bench.begun] == [1, 1, 1]


def test_threads_share_what_was_gathered(bench: Bench) -> None:
    """What several streams bring at once is committed together; who waits for a stream does not wait long."""
    asked: list[int] = []

    def together(units: Sequence[str]) -> set[str]:
        asked.append(len(units))
        return bench.drain.together(units)

    for seq in (1, 2):
        for one in bench.begun:
            bench.accept(one, seq)
    lane_threads = LaneThreads(bench.spool, bench.drain.step, together, threads=1)
    lane_threads.start()
    lane_threads.wake()
    assert lane_threads.emptied(bench.begun[0].take.unit_id).result(LIMIT_S)
    wait_until(lambda: not len(bench.spool), LIMIT_S, "the spool is not emptied")
    lane_threads.close(LIMIT_S)
    assert asked == [3, 3]


def test_what_comes_during_a_commit_gathers_anew(bench: Bench) -> None:
    """Else it would be committed one by one from then on, as long as something always comes meanwhile."""
    left_s: list[float] = []

    def together(units: Sequence[str]) -> set[str]:
        lane_threads.wake()
        left_s.append(lane_threads._gather_until_s - time.monotonic())
        return bench.drain.together(units)

    for one in bench.begun:
        bench.accept(one, 1)
    lane_threads = LaneThreads(bench.spool, bench.drain.step, together, threads=1)
    lane_threads.wake()
    lane_threads.start()
    wait_until(lambda: not len(bench.spool), LIMIT_S, "the spool is not emptied")
    lane_threads.close(LIMIT_S)
    assert left_s[0] > 0
