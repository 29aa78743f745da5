"""A time line is as long as its session, and whatever is missing of a stream is a gap to its end."""

from datetime import timedelta

import pytest

from proctoring.casework.flagging import add_flag
from proctoring.clock import ms_between
from proctoring.exams.model import Stream
from proctoring.flags.model import Category, Severity
from proctoring.recordings import ending, late
from proctoring.recordings import service as recordings
from proctoring.recordings.late import LATE_AGE_MAX
from proctoring.recordings.length import END_SLACK_MS
from proctoring.recordings.model import EndCause
from proctoring.recordings.settle import END_GAP_MS_MIN
from proctoring.recordings.spans import Span
from proctoring.recordings.timeline import REPLACED_TOLD_AFTER, Timeline, timeline
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from tests.support.world import ADMIN, SEGMENT_MS, World

BEGUN_MS = 1000  # where the first segment lies on the time line
BOTH = (Stream.WEBCAM, Stream.SCREEN)


def line_of(world: World, session: Session) -> Timeline:
    with world.core.db.read() as db:
        return timeline(db, session.id, world.clock())


def gaps_of(line: Timeline, stream: Stream) -> list[tuple[int, int | None, str]]:
    (one,) = (one for one in line.streams if one.stream is stream)
    return [(gap.start_ms, gap.end_ms, gap.cause.value) for gap in one.gaps]


def finish(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)


def expire(world: World) -> None:
    with world.core.db.begin() as db:
        assert ending.expire_overdue(db, world.core, ending.overdue(db, world.core)) == 1


def admitted(world: World, *streams: Stream) -> Session:
    return world.admitted(world.exam(streams=streams or (Stream.WEBCAM,)))


@pytest.mark.parametrize("streams", [(Stream.WEBCAM,), BOTH])
@pytest.mark.parametrize("cause", [EndCause.DEVICE_LOST, EndCause.STOPPED, EndCause.STORE_FAILED])
def test_what_ended_long_before_the_finish_is_missing_until_then(
    world: World, streams: tuple[Stream, ...], cause: EndCause
) -> None:
    """Whether one stream or all of them ended, and whatever for."""
    session = admitted(world, *streams)
    for stream in streams:
        begun = world.begin(session, stream)
        world.store(begun, 0, world.clock.unix_ms)
        world.end(begun, cause)
    world.clock.move(seconds=30)
    finish(world, session)
    line = line_of(world, session)
    assert line.duration_ms == BEGUN_MS + 30_000
    for stream in streams:
        assert gaps_of(line, stream) == [(BEGUN_MS + SEGMENT_MS, BEGUN_MS + 30_000, cause.value)]


@pytest.mark.parametrize(
    ("cause", "gap"),
    [
        (EndCause.STOPPED, False),
        (EndCause.SESSION_ENDED, False),
        (EndCause.CONNECTION_LOST, True),
        (EndCause.DEVICE_LOST, True),
        (EndCause.SERVER_STOPPED, True),
        (EndCause.NOT_STORABLE, True),
    ],
)
def test_a_goodbye_shortly_before_the_finish_ends_the_time_line(
    world: World, cause: EndCause, gap: bool
) -> None:
    """A page says goodbye, waits until all is stored, and tells the finish: the time line ends with the
    media. Who was cut off has a gap, to the last second."""
    session = admitted(world)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    world.end(begun, cause)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS + END_SLACK_MS)
    finish(world, session)
    line, end_ms = line_of(world, session), BEGUN_MS + SEGMENT_MS
    assert line.duration_ms == end_ms + (END_SLACK_MS if gap else 0)
    lasted = [(end_ms, line.duration_ms, cause.value)] if gap else []
    assert gaps_of(line, Stream.WEBCAM) == lasted


def test_streams_that_end_apart_leave_gaps_worth_a_record(world: World) -> None:
    """Of 100 ms and more; so what is stored of each and its gaps make up the time line."""
    session = admitted(world, *Stream)
    ends = {Stream.WEBCAM: 0, Stream.SCREEN: END_GAP_MS_MIN - 1, Stream.PHONE: 700}
    for stream, early_ms in ends.items():
        begun = world.begin(session, stream)
        world.store(begun, 0, world.clock.unix_ms, duration_ms=SEGMENT_MS - early_ms)
        world.end(begun)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS + 300)
    finish(world, session)
    line, end_ms = line_of(world, session), BEGUN_MS + SEGMENT_MS
    assert line.duration_ms == end_ms
    assert gaps_of(line, Stream.WEBCAM) == gaps_of(line, Stream.SCREEN) == []
    assert gaps_of(line, Stream.PHONE) == [(end_ms - 700, end_ms, "stopped")]


def test_a_stream_of_which_nothing_came_is_missing_from_start_to_finish(world: World) -> None:
    """The whole session, not only from when another stream began."""
    session = admitted(world, *BOTH)
    world.record(session, Stream.WEBCAM, segments=2)
    world.clock.move(seconds=8)
    finish(world, session)
    line = line_of(world, session)
    assert gaps_of(line, Stream.SCREEN) == [(0, BEGUN_MS + 8_000, "not-begun")]
    assert line.duration_ms == BEGUN_MS + 8_000


def test_a_session_of_which_nothing_was_ever_published_has_no_time_line(world: World) -> None:
    """It has no start, so no length and no gap."""
    session = admitted(world, *BOTH)
    world.clock.move(minutes=5)
    finish(world, session)
    line = line_of(world, session)
    assert line.duration_ms == 0
    assert all(not one.gaps for one in line.streams)
    assert {one.state for one in line.streams} == {UnitState.RETAINED}


def test_a_window_that_closes_ends_the_exam_with_the_recording(world: World) -> None:
    """The candidate just left; only what another stream shows they stayed for is missing of the others."""
    session = admitted(world, *BOTH)
    early = world.begin(session, Stream.SCREEN)
    world.store(early, 0, world.clock.unix_ms)
    world.end(early, EndCause.SHARING_ENDED)
    world.record(session, Stream.WEBCAM, segments=5)
    world.clock.now = session.closes_at
    expire(world)
    line, end_ms = line_of(world, session), BEGUN_MS + 5 * SEGMENT_MS
    assert line.duration_ms == end_ms
    assert line.started_at is not None and line.ended_at is not None
    assert ms_between(line.started_at, line.ended_at) == end_ms
    assert gaps_of(line, Stream.WEBCAM) == []
    assert gaps_of(line, Stream.SCREEN) == [(BEGUN_MS + SEGMENT_MS, end_ms, "sharing-ended")]


def test_a_window_that_closes_on_a_page_that_holds_pieces_is_filled_by_them(world: World) -> None:
    """What it recorded while it could not publish has its place, in the final gap too."""
    session = admitted(world)
    begun = world.begin(session)
    start = world.clock.unix_ms
    world.store(begun, 0, start)
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.now = session.closes_at
    with world.core.db.begin() as db:
        late.expect(db, world.core, session.id, Stream.WEBCAM, holding=True)
    expire(world)
    lost, now = start + SEGMENT_MS, world.clock.unix_ms
    with world.core.db.read() as db:
        (gap,) = late.missing(db, world.core, session.id, Stream.WEBCAM).gaps
    assert gap == Span(max(lost, now - LATE_AGE_MAX // timedelta(milliseconds=1)), now)
    filled = world.clock.unix_ms - 2 * SEGMENT_MS
    with world.core.db.begin() as db:
        taken = late.begin_late_take(
            db, world.core, session.id, Stream.WEBCAM, "video/webm", start_unix_ms=filled
        )
    world.store(taken, 0, filled)
    world.end(taken)
    with world.core.db.begin() as db:
        late.expect(db, world.core, session.id, Stream.WEBCAM, holding=False)
    line = line_of(world, session)
    lost_ms, end_ms = BEGUN_MS + SEGMENT_MS, filled + SEGMENT_MS - start + BEGUN_MS
    assert line.duration_ms == end_ms
    assert gaps_of(line, Stream.WEBCAM) == [(lost_ms, end_ms - SEGMENT_MS, "connection-lost")]


def test_media_after_the_finish_lengthen_the_time_line(world: World) -> None:
    """An operator ends a session while its publishers send: the last piece counts whole."""
    session = admitted(world, *BOTH)
    webcam, screen = (world.begin(session, stream) for stream in BOTH)
    world.store(webcam, 0, world.clock.unix_ms)
    world.store(screen, 0, world.clock.unix_ms)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS)
    finish(world, session)
    world.store(webcam, 1, world.clock.unix_ms, duration_ms=1500)
    for begun in (webcam, screen):
        world.end(begun, EndCause.SESSION_ENDED)
    line, finished_ms = line_of(world, session), BEGUN_MS + SEGMENT_MS
    assert line.duration_ms == finished_ms + 1500
    assert gaps_of(line, Stream.WEBCAM) == []
    assert gaps_of(line, Stream.SCREEN) == [(finished_ms, finished_ms + 1500, "session-ended")]


def test_a_clock_that_was_set_back_shortens_nothing(world: World) -> None:
    """A finish that seems earlier than the media, or than the start: no length is negative or too short."""
    session = admitted(world, *BOTH)
    world.record(session, Stream.WEBCAM, segments=3)
    world.clock.move(hours=-1)
    assert line_of(world, session).duration_ms == BEGUN_MS + 3 * SEGMENT_MS
    finish(world, session)
    line = line_of(world, session)
    assert line.duration_ms == BEGUN_MS + 3 * SEGMENT_MS
    assert gaps_of(line, Stream.SCREEN) == [(0, line.duration_ms, "not-begun")]


def test_a_server_that_died_leaves_a_gap_up_to_what_follows_or_to_the_finish(world: World) -> None:
    """Its takes are ended by the next start, whenever that is."""
    session = admitted(world, *BOTH)
    for stream in BOTH:
        world.store(world.begin(session, stream), 0, world.clock.unix_ms)
    world.clock.move(seconds=20)
    with world.core.db.begin() as db:
        assert recordings.end_open_takes(db, world.core, EndCause.SERVER_STOPPED) == 2
    world.record(session, Stream.WEBCAM, segments=1)
    world.clock.move(seconds=SEGMENT_MS / 1000)
    finish(world, session)
    line, died_ms = line_of(world, session), BEGUN_MS + SEGMENT_MS
    assert gaps_of(line, Stream.WEBCAM) == [(died_ms, BEGUN_MS + 20_000, "server-stopped")]
    assert gaps_of(line, Stream.SCREEN) == [(died_ms, line.duration_ms, "server-stopped")]


def test_a_live_time_line_grows_with_the_clock(world: World) -> None:
    """Whether anything arrives or not; a proctor can flag the present moment, and the queue says the same."""
    session = admitted(world)
    world.record(session, segments=1)
    world.clock.move(seconds=60)
    line = line_of(world, session)
    assert line.duration_ms == BEGUN_MS + 60_000
    assert gaps_of(line, Stream.WEBCAM) == [(BEGUN_MS + SEGMENT_MS, None, "stopped")]
    with world.core.db.begin() as db:
        now_ms = BEGUN_MS + 60_000
        add_flag(
            db,
            world.core,
            ADMIN,
            session.id,
            start_ms=now_ms,
            end_ms=now_ms,
            category=Category.OTHER,
            severity=Severity.MINOR,
            note="",
        )
    shown = world.glance(session)
    assert shown.length_ms == now_ms
    assert shown.gaps == ((BEGUN_MS + SEGMENT_MS, now_ms),)


def test_a_take_that_goes_on_in_another_leaves_no_gap_and_shows_none(world: World) -> None:
    """Sound alone after picture and sound, and back: each take begins where the one before ended. Until its
    first segment is registered the stream is not called missing; when none comes, it is."""
    session = admitted(world)
    start = world.clock.unix_ms
    for number in range(3):
        begun = world.begin(session)
        world.store(begun, 0, start + number * SEGMENT_MS + 40 * number)  # a frame's rounding apart
        world.clock.now += timedelta(milliseconds=SEGMENT_MS)
        world.end(begun, EndCause.REPLACED)
        assert gaps_of(line_of(world, session), Stream.WEBCAM) == []
    world.clock.now += REPLACED_TOLD_AFTER + timedelta(seconds=1)
    ended_ms = BEGUN_MS + 3 * SEGMENT_MS + 80
    assert gaps_of(line_of(world, session), Stream.WEBCAM) == [(ended_ms, None, "replaced")]
    finish(world, session)
    line = line_of(world, session)
    assert gaps_of(line, Stream.WEBCAM) == [(ended_ms, line.duration_ms, "replaced")]
