"""Late pieces: what they may fill, until when a page is waited for, and what becomes of gaps."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring.errors import WrongState
from proctoring.exams.model import Stream
from proctoring.recordings import ending, late
from proctoring.recordings import service as recordings
from proctoring.recordings.late import LATE_AGE_MAX, LATE_WAIT, Missing
from proctoring.recordings.model import BEGIN_SLACK_MS, GAP_MS_MIN, EndCause, GapReason
from proctoring.recordings.settle import settle_unheard, unheard
from proctoring.recordings.spans import EVER_MS, Span, fillable, without
from proctoring.recordings.status import status
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from tests.support.packages import export
from tests.support.world import SEGMENT_MS, World

GAP_MS = 30_000


def line_of(world: World, session: Session, stream: Stream = Stream.WEBCAM) -> StreamTimeline:
    with world.core.db.read() as db:
        return next(s for s in timeline(db, session.id).streams if s.stream is stream)


def missing_of(world: World, session: Session) -> Missing:
    with world.core.db.read() as db:
        return late.missing(db, world.core, session.id, Stream.WEBCAM)


def say(world: World, session: Session, holding: bool) -> None:
    with world.core.db.begin() as db:
        late.expect(db, world.core, session.id, Stream.WEBCAM, holding)


def finish(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)


def with_gap(world: World, session: Session) -> Span:
    """A stream whose connection was lost for GAP_MS and came back; the gap, in Unix milliseconds."""
    first = world.begin(session)
    start = world.clock.unix_ms
    world.store(first, 0, start)
    world.end(first, EndCause.CONNECTION_LOST)
    gap = Span(start + SEGMENT_MS, start + SEGMENT_MS + GAP_MS)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS + GAP_MS)
    world.store(world.begin(session), 0, gap.end_ms)
    world.clock.move(seconds=4)
    return gap


def fill(world: World, session: Session, *spans: Span) -> None:
    """A late take with a segment of 4 s from the start of each span."""
    with world.core.db.begin() as db:
        begun = late.begin_late_take(
            db,
            world.core,
            session.id,
            Stream.WEBCAM,
            'video/webm; codecs="vp8"',
            start_unix_ms=spans[0].start_ms,
        )
    for seq, span in enumerate(spans):
        world.store(begun, seq, span.start_ms)
    world.end(begun)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_what_is_left_and_what_was_filled_make_up_the_gap(a: int, b: int, c: int, d: int) -> None:
    """Rests lie within the gap and beside what was filled; only what is too short for a record is let go."""
    (gap_start, gap_end), (start, end) = sorted((a, b)), sorted((c, d))
    gap = Span(gap_start, gap_end)
    filled = Span(start, end).within(gap)
    if filled.length_ms < 0:
        return
    rests = without(gap, filled)
    assert all(rest.within(gap) == rest and rest.length_ms >= GAP_MS_MIN for rest in rests)
    assert all(rest.within(filled).length_ms <= 0 for rest in rests)
    let_go = gap.length_ms - filled.length_ms - sum(rest.length_ms for rest in rests)
    assert 0 <= let_go < 2 * GAP_MS_MIN


def test_only_what_is_missing_of_a_piece_may_be_filled() -> None:
    """Each stretch lies in one gap; a few frames are not worth a segment."""
    gaps = [Span(8_000, 9_000), Span(1_000, 4_000)]
    assert fillable(gaps, Span(0, 2_000)) == [Span(1_000, 2_000)]
    assert fillable(gaps, Span(3_000, 12_000)) == [Span(3_000, 4_000), Span(8_000, 9_000)]
    assert fillable(gaps, Span(4_000, 8_000)) == []
    assert fillable(gaps, Span(3_900, 8_100)) == []


def test_late_segments_close_the_gap_and_are_marked(world: World) -> None:
    """The gap becomes shorter from either side, falls in two, and goes; the live takes stay as they are."""
    session = world.admitted()
    gap = with_gap(world, session)
    assert missing_of(world, session).gaps == (gap,)
    fill(world, session, Span(gap.start_ms + 10_000, 0))
    first, second = missing_of(world, session).gaps
    assert first == Span(gap.start_ms, gap.start_ms + 10_000)
    assert second == Span(gap.start_ms + 14_000, gap.end_ms)
    starts = [gap.start_ms + at for at in (0, 4_000, 14_000, 18_000, 22_000, 26_000)]
    fill(world, session, *(Span(start, 0) for start in starts))
    (rest,) = missing_of(world, session).gaps
    assert rest == Span(gap.start_ms + 8_000, gap.start_ms + 10_000)
    line = line_of(world, session)
    assert [segment.late for segment in line.segments] == [False] + 7 * [True] + [False]
    assert [take.end_cause for take in line.takes][:2] == [EndCause.CONNECTION_LOST, None]
    with world.core.db.read() as db:
        (webcam, *_) = status(db, world.core, session.id).streams
    assert webcam.recording


@pytest.mark.parametrize("shift_ms", [-1, GAP_MS - SEGMENT_MS + 1, 10 * GAP_MS])
def test_nothing_is_put_where_something_is(world: World, shift_ms: int) -> None:
    """No instant ever has two segments, whatever a page claims about time."""
    session = world.admitted()
    gap = with_gap(world, session)
    with pytest.raises(WrongState, match="Nothing is missing"):
        fill(world, session, Span(gap.start_ms + shift_ms, 0))
    assert len(line_of(world, session).segments) == 2


def test_a_lasting_gap_is_filled_only_once_nothing_can_be_published(world: World) -> None:
    """Until then nobody knows where it ends; afterwards it ends with the session."""
    session = world.admitted()
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    start = world.clock.unix_ms + SEGMENT_MS
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.move(seconds=20)
    assert missing_of(world, session).gaps == ()
    say(world, session, holding=True)
    finish(world, session)
    after = missing_of(world, session)
    assert after.gaps == (Span(start, world.clock.unix_ms),)
    assert after.stored_until == EVER_MS
    fill(world, session, Span(start, 0))
    assert line_of(world, session).state is UnitState.OPEN
    say(world, session, holding=False)
    assert line_of(world, session).state is UnitState.RETAINED
    assert not missing_of(world, session).open
    with pytest.raises(WrongState):
        fill(world, session, Span(start + SEGMENT_MS, 0))


def test_a_page_that_is_never_heard_again_is_waited_for_and_no_longer(world: World) -> None:
    """The session ends; LATE_WAIT after the page was last heard its units are retained."""
    session = world.admitted()
    with_gap(world, session)
    say(world, session, holding=True)
    with world.core.db.begin() as db:
        recordings.end_open_takes(db, world.core, EndCause.CONNECTION_LOST)
    finish(world, session)
    world.clock.now += LATE_WAIT - timedelta(seconds=1)
    with world.core.db.begin() as db:
        assert unheard(db, world.core.clock()) == []
    assert line_of(world, session).state is UnitState.OPEN
    world.clock.move(seconds=1)
    with world.core.db.begin() as db:
        assert settle_unheard(db, world.core.clock(), [session.id]) == 1
    assert line_of(world, session).state is UnitState.RETAINED


def test_what_is_too_old_or_too_much_is_not_missed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits hold whatever a page sends: hours after the gap, or beyond the session's bytes."""
    session = world.admitted()
    gap = with_gap(world, session)
    fill(world, session, Span(gap.start_ms, 0))
    monkeypatch.setattr(late, "LATE_BYTES_MAX", 1)
    assert missing_of(world, session).gaps == ()
    monkeypatch.undo()
    assert missing_of(world, session).gaps
    world.clock.now += LATE_AGE_MAX
    assert missing_of(world, session).gaps == ()


def test_a_page_is_written_down_in_time_and_not_every_few_seconds(world: World) -> None:
    """One write in five minutes; a page that holds nothing costs none."""
    now = world.clock()
    heard = Missing("u", True, 0, (), now + LATE_WAIT, 0)
    never = Missing("u", True, 0, (), None, 0)
    assert [late.is_news(one, True, now) for one in (heard, never)] == [False, True]
    assert late.is_news(heard, True, now + LATE_WAIT / 2)
    assert [late.is_news(one, False, now) for one in (heard, never)] == [True, False]


def test_a_package_with_late_segments_proves_itself(world: World, tmp_path: Path) -> None:
    """They are leaves like all others: the exporter's own check of the whole package passes."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    gap = with_gap(world, session)
    fill(world, session, Span(gap.start_ms, 0), Span(gap.start_ms + 8_000, 0))
    with world.core.db.begin() as db:
        recordings.end_open_takes(db, world.core, EndCause.STOPPED)
    finish(world, session)
    package = export(world, session, tmp_path / "package")
    assert [stream.leaves for stream in package.streams] == [4]


def test_a_stream_that_begins_late_or_never_has_a_gap_from_the_sessions_beginning(world: World) -> None:
    """Put down to the device; streams that begin together leave none."""
    session = world.admitted()
    world.store(world.begin(session, Stream.WEBCAM), 0, world.clock.unix_ms)
    start = world.clock.unix_ms
    world.store(world.begin(session, Stream.SCREEN), 0, start + BEGIN_SLACK_MS - 1)
    (lasting,) = line_of(world, session, Stream.PHONE).gaps
    assert (lasting.cause, lasting.reason, lasting.end_ms) == (EndCause.NOT_BEGUN, GapReason.DEVICE, None)
    assert line_of(world, session, Stream.SCREEN).gaps == ()
    world.store(world.begin(session, Stream.PHONE), 0, start + BEGIN_SLACK_MS)
    (gap,) = line_of(world, session, Stream.PHONE).gaps
    assert gap.end_ms is not None
    assert gap.end_ms - gap.start_ms == BEGIN_SLACK_MS
