"""Takes, segments, gaps and the end of a session, on a real database."""

import pytest

from proctoring.errors import NotFound, WrongState
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.recordings import ending
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause, GapReason
from proctoring.recordings.rows import SegmentRow, leaves
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session, SessionState
from proctoring.units.model import UnitState
from storage.proofs.manifest import first_break
from tests.support.world import SEGMENT_MS, World


def webcam(world: World, session: Session) -> StreamTimeline:
    with world.core.db.read() as db:
        return next(s for s in timeline(db, session.id).streams if s.stream is Stream.WEBCAM)


def finish(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)


def test_the_manifest_is_one_chain_over_all_takes_of_a_stream(world: World) -> None:
    """Positions have no hole and every leaf names the one before it, whatever the take."""
    session = world.admitted()
    world.record(session, segments=3)
    world.clock.move(seconds=30)
    world.record(session, segments=2)
    unit_id = webcam(world, session).unit_id
    with world.core.db.read() as db:
        rows = db.query(SegmentRow).filter_by(unit_id=unit_id).order_by(SegmentRow.position).all()
    assert [row.position for row in rows] == [0, 1, 2, 3, 4]
    assert first_break(leaves(rows)) is None


def test_registering_a_segment_again_changes_nothing(world: World) -> None:
    """A publisher's process that lost the acknowledgement may repeat itself."""
    session = world.admitted()
    begun = world.begin(session)
    first = world.store(begun, 0, world.clock.unix_ms)
    with world.core.db.begin() as db:
        again = SealedSegment(0, "other", 1, world.clock.unix_ms, SEGMENT_MS)
        assert recordings.register(db, world.core, begun.take.id, again) == first
    assert len(webcam(world, session).segments) == 1


def test_a_reconnect_is_a_new_take_and_the_time_between_a_gap_with_its_reason(world: World) -> None:
    """The gap lasts from the last stored segment to the first of the next take."""
    session = world.admitted()
    begun = world.begin(session)
    start = world.clock.unix_ms
    world.store(begun, 0, start)
    world.end(begun, EndCause.CONNECTION_LOST)
    (open_gap,) = webcam(world, session).gaps
    assert open_gap.end_ms is None
    again = world.begin(session)
    world.store(again, 0, start + 20_000)
    line = webcam(world, session)
    (gap,) = line.gaps
    assert (gap.reason, gap.cause) == (GapReason.NETWORK, EndCause.CONNECTION_LOST)
    assert gap.end_ms is not None
    assert gap.end_ms - gap.start_ms == 20_000 - SEGMENT_MS
    assert [take.number for take in line.takes] == [1, 2]


def test_a_hole_within_a_take_is_a_gap(world: World) -> None:
    """Segments of one take that do not abut leave a gap record of exactly the missing stretch."""
    session = world.admitted()
    begun = world.begin(session)
    start = world.clock.unix_ms
    world.store(begun, 0, start)
    world.store(begun, 1, start + SEGMENT_MS + 3000)
    (gap,) = webcam(world, session).gaps
    assert gap.end_ms is not None
    assert gap.end_ms - gap.start_ms == 3000


def test_what_arrives_until_the_last_take_ended_is_kept_and_nothing_after(world: World) -> None:
    """Finishing a session loses no segment still under way; once its takes ended it is closed for good."""
    session = world.admitted()
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    finish(world, session)
    world.store(begun, 1, world.clock.unix_ms + SEGMENT_MS)
    assert webcam(world, session).state is UnitState.OPEN
    world.end(begun, EndCause.SESSION_ENDED)
    line = webcam(world, session)
    assert line.state is UnitState.RETAINED
    assert len(line.segments) == 2
    with pytest.raises(WrongState):
        world.store(begun, 2, world.clock.unix_ms + 2 * SEGMENT_MS)
    with pytest.raises(WrongState):
        world.begin(session)


def test_a_server_that_died_leaves_takes_that_the_next_one_ends(world: World) -> None:
    """After a restart every open take has ended with reason server, and the session goes on."""
    session = world.admitted()
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    with world.core.db.begin() as db:
        assert recordings.end_open_takes(db, world.core, EndCause.SERVER_STOPPED) == 1
    (gap,) = webcam(world, session).gaps
    assert gap.reason is GapReason.SERVER
    world.begin(session)
    with world.core.db.read() as db:
        assert sessions.load(db, session.id).state is SessionState.RECORDING


def test_no_gap_is_left_where_the_streams_merely_stopped_one_after_another(world: World) -> None:
    """At the end of a session only real gaps remain."""
    session = world.ended()
    with world.core.db.read() as db:
        assert all(stream.gaps == () for stream in timeline(db, session.id).streams)


def test_ended_sharing_raises_a_flag_by_rule_that_decides_nothing(world: World) -> None:
    """It is something to look at, at the instant the screen went away; nothing is held."""
    session = world.admitted()
    begun = world.begin(session, Stream.SCREEN)
    world.store(begun, 0, world.clock.unix_ms)
    world.end(begun, EndCause.SHARING_ENDED)
    with world.core.db.read() as db:
        (flag,) = flags.of_session(db, session.id)
        assert all(stream.active_holds == 0 for stream in timeline(db, session.id).streams)
    assert flag.source.value == "rule"


def test_a_stream_outside_the_capture_profile_is_refused(world: World) -> None:
    """Nothing is recorded that the notice does not name."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    with pytest.raises(NotFound, match="no screen"):
        world.begin(session, Stream.SCREEN)
