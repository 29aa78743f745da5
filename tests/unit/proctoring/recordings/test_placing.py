"""No instant of a stream has two segments, whatever times they claim; none is refused, none is lost."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proctoring.exams.model import Stream
from proctoring.recordings import ending, ordinary_leaves
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment, placed
from proctoring.recordings.model import GAP_MS_MIN, EndCause, GapPart
from proctoring.recordings.rows import SegmentRow, leaves
from proctoring.recordings.service import BegunTake
from proctoring.recordings.settle import END_GAP_MS_MIN
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from storage.proofs.manifest import first_break
from tests.support.examples import examples
from tests.support.world import SEGMENT_MS, START, World

START_UNIX_MS = int(START.timestamp() * 1000)
WHEN = st.integers(-30_000, 30_000)
LENGTH = st.integers(0, 10_000)


def claimed(seq: int, start_ms: int, duration_ms: int) -> SealedSegment:
    digest = f"{seq:064x}"
    return SealedSegment(seq, digest, 1, START_UNIX_MS + start_ms, duration_ms)


@given(st.lists(st.tuples(WHEN, LENGTH), min_size=1, max_size=20))
def test_segments_of_any_claimed_times_follow_one_another(claims: list[tuple[int, int]]) -> None:
    """Each begins at or after the end of the one before, and never before the session; each has a length;
    one that lies in nobody's way lies where it was filmed."""
    end_ms = 0
    for seq, (start_ms, duration_ms) in enumerate(claims):
        place = placed(START, claimed(seq, start_ms, duration_ms), after_ms=end_ms)
        assert place.start_ms >= end_ms
        assert place.length_ms >= 1
        assert place.end_ms == max(start_ms + duration_ms, place.start_ms + 1)
        assert place.start_ms == max(start_ms, end_ms)
        end_ms = place.end_ms


@given(WHEN, LENGTH, st.integers(0, 20_000), st.integers(0, 20_000))
def test_what_is_registered_after_its_successor_ends_before_it(
    start_ms: int, duration_ms: int, after_ms: int, room_ms: int
) -> None:
    """Between the takes that were there first, however little room they leave."""
    place = placed(START, claimed(0, start_ms, duration_ms), after_ms, after_ms + room_ms)
    assert after_ms <= place.start_ms <= place.end_ms <= after_ms + room_ms
    assert place.length_ms >= min(1, room_ms)


def line_of(world: World, session: Session) -> StreamTimeline:
    with world.core.db.read() as db:
        return timeline(db, session.id).streams[0]


def spans(line: StreamTimeline) -> list[tuple[int, int]]:
    return [(one.start_ms, one.start_ms + one.duration_ms) for one in line.segments]


def register(world: World, begun: BegunTake, segment: SealedSegment, together: bool) -> None:
    with world.core.db.begin() as db:
        segments = {begun.take.id: segment}
        if together and begun.take.id in ordinary_leaves.ordinary(db, segments):
            ordinary_leaves.register_all(db, world.core, segments)
        else:
            recordings.register(db, world.core, begun.take.id, segment)


@pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "together"])
def test_a_slow_start_covers_no_instant_twice(world: World, together: bool) -> None:
    """Seen: a first segment that began before the session lay at its start with its whole length, over the
    second. Its length is shortened instead, and the leaf says so."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    begun = world.begin(session)  # 1 s after the start of the time line
    for seq, (start_ms, duration_ms) in enumerate(
        [(-4_000, 4_500), (0, 4_000), (3_900, 4_000), (7_900, 4_000)]
    ):
        register(world, begun, claimed(seq, start_ms, duration_ms), together)
    line = line_of(world, session)
    assert spans(line) == [(0, 1_500), (1_500, 5_000), (5_000, 8_900), (8_900, 12_900)]
    assert line.gaps == ()
    with world.core.db.read() as db:
        rows = db.query(SegmentRow).order_by(SegmentRow.position).all()
        assert first_break(leaves(rows)) is None


@pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "together"])
def test_a_take_begins_no_earlier_than_the_one_before_ended(world: World, together: bool) -> None:
    """Its clock may be estimated anew; the gap between them goes with the overlap."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    for start_ms in (0, SEGMENT_MS - 700):
        begun = world.begin(session)
        register(world, begun, claimed(0, start_ms, SEGMENT_MS), together)
        register(world, begun, claimed(1, start_ms + SEGMENT_MS, SEGMENT_MS), together)
        if not start_ms:
            world.end(begun, EndCause.REPLACED)
    line = line_of(world, session)
    assert all(end == start for (_, end), (start, _) in pairwise(spans(line)[:2]))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans(line)))
    assert len(line.segments) == 4


def test_a_take_whose_first_segment_was_damaged_begins_with_its_second(world: World) -> None:
    """The gap before it ends there, and does not go on over what is stored."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    first = world.begin(session)
    world.store(first, 0, world.clock.unix_ms)
    world.end(first, EndCause.CONNECTION_LOST)
    world.clock.move(seconds=10)
    again = world.begin(session)
    world.store(again, 1, world.clock.unix_ms + SEGMENT_MS)
    line = line_of(world, session)
    (gap,) = line.gaps
    assert (gap.start_ms, gap.end_ms) == (1_000 + SEGMENT_MS, line.segments[1].start_ms)
    assert line.takes[1].start_ms == line.segments[1].start_ms


def test_what_a_third_process_brings_late_shortens_the_gap_that_it_lies_in(world: World) -> None:
    """Two takes are registered, and the gap between them; then one between comes. It lies within the gap,
    whatever it claims, and what is left of the gap is told once."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    start = world.clock.unix_ms
    first = world.begin(session)
    world.store(first, 0, start)
    world.end(first, EndCause.SERVER_STOPPED)
    world.clock.move(seconds=10)
    between = world.begin(session)
    world.clock.move(seconds=20)
    last = world.begin(session)
    world.store(last, 0, start + 30_000)
    world.store(between, 0, start + 10_000)
    world.store(between, 1, start + 20_000)
    world.store(between, 2, start + 29_000)
    world.end(between, EndCause.CONNECTION_LOST)
    line = line_of(world, session)
    covered = sorted(spans(line) + [(gap.start_ms, gap.end_ms or 0) for gap in line.gaps])
    assert covered[0][0] == 1_000
    assert all(end == begin for (_, end), (begin, _) in pairwise(covered))
    assert covered[-1][1] == 31_000 + SEGMENT_MS


CAUSES = st.sampled_from(
    [EndCause.CONNECTION_LOST, EndCause.REPLACED, EndCause.STOPPED, EndCause.NO_KEYFRAME]
)
TAKES = st.lists(
    st.tuples(
        st.integers(-3_000, 20_000),  # from the end of the last take to the claimed start of this one
        st.lists(st.tuples(st.integers(-2_000, 3_000), st.integers(0, 6_000)), max_size=4),
        CAUSES,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(60))
@given(TAKES, st.integers(0, 30_000), st.booleans())
@example([(0, [(0, 201), (-200, 0)], EndCause.STOPPED), (0, [], EndCause.STOPPED)], 0, False)
@example([(0, [], EndCause.CONNECTION_LOST), (200, [], EndCause.NO_KEYFRAME)], 0, False)
@example(
    [(0, [], EndCause.CONNECTION_LOST), (200, [], EndCause.NO_KEYFRAME), (0, [(-201, 0)], EndCause.STOPPED)],
    0,
    False,
)
def test_stored_and_gaps_are_the_session(
    world_once: World, takes: list[tuple[int, list[tuple[int, int]], EndCause]], rest_ms: int, together: bool
) -> None:
    """From where the stream begins to the end of the time line, whatever its takes claim: no instant twice,
    and what neither a segment nor a gap covers is too short for a record."""
    world = world_once
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    began_ms = at_ms = world.clock.unix_ms
    stored = 0
    for pause_ms, segments, cause in takes:
        at_ms = max(began_ms, at_ms + pause_ms)
        world.clock.now += timedelta(milliseconds=max(0, at_ms - world.clock.unix_ms))
        begun = world.begin(session)
        for seq, (apart_ms, duration_ms) in enumerate(segments):
            at_ms += apart_ms
            segment = SealedSegment(seq, f"{seq:064x}", 1, at_ms, duration_ms)
            register(world, begun, segment, together)
            at_ms += duration_ms
            stored += 1
        world.end(begun, cause)
    world.clock.now += timedelta(milliseconds=max(0, at_ms - world.clock.unix_ms) + rest_ms)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    with world.core.db.read() as db:
        whole = timeline(db, session.id)
    line = whole.streams[0]
    assert len(line.segments) == stored
    assert all(gap.end_ms is not None and gap.part is GapPart.ALL for gap in line.gaps)
    covered = sorted(spans(line) + [(gap.start_ms, gap.end_ms or 0) for gap in line.gaps])
    for (_, end), (begin, _) in pairwise(covered):
        assert 0 <= begin - end < GAP_MS_MIN
    if covered:
        assert covered[-1][1] <= whole.duration_ms
        assert whole.duration_ms - covered[-1][1] < END_GAP_MS_MIN


@pytest.fixture(scope="module")
def world_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all examples of a property."""
    return World(tmp_path_factory.mktemp("placing"))
