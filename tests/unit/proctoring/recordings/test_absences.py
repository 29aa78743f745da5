"""Picture or sound missing in stored segments: gaps of that part, merged, never filled, told to a person."""

from datetime import timedelta

import pytest

from proctoring.errors import WrongState
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import FlagSource, FlagState
from proctoring.recordings import late, ordinary_leaves
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import ABSENCES_MAX, Absence, SealedSegment, longest
from proctoring.recordings.model import EndCause, GapPart, GapReason
from proctoring.recordings.service import BegunTake
from proctoring.recordings.status import status
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from proctoring.web.metrics import exposition
from storage.proofs.manifest import digest
from tests.support.world import ADMIN, SEGMENT_MS, World

BEGUN_MS = 1000
SOUND, PICTURE = GapPart.SOUND, GapPart.PICTURE
MISSING, LOST = EndCause.SOUND_MISSING, EndCause.SOUND_LOST
WAYS = pytest.mark.parametrize("together", [False, True], ids=["one-by-one", "together"])


def line_of(world: World, session: Session) -> StreamTimeline:
    with world.core.db.read() as db:
        return timeline(db, session.id, world.clock()).streams[0]


def told(line: StreamTimeline) -> list[tuple[str, int, int | None, str]]:
    return [(gap.part.value, gap.start_ms, gap.end_ms, gap.cause.value) for gap in line.gaps]


def webcam(world: World) -> tuple[Session, BegunTake]:
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    return session, world.begin(session)


def register(
    world: World, begun: BegunTake, seq: int, *absences: tuple[GapPart, int, int, EndCause], together: bool
) -> None:
    """Segment `seq`, each absence by its times on the time line."""
    zero = world.clock.unix_ms - BEGUN_MS
    missing = tuple(Absence(part, zero + start, zero + end, cause) for part, start, end, cause in absences)
    start = world.clock.unix_ms + seq * SEGMENT_MS
    segment = SealedSegment(seq, digest(b"%d" % seq), 1, start, SEGMENT_MS, absences=missing)
    with world.core.db.begin() as db:
        if together:
            assert ordinary_leaves.ordinary(db, {begun.take.id: segment}) == {begun.take.id}
            ordinary_leaves.register_all(db, world.core, {begun.take.id: segment})
        else:
            recordings.register(db, world.core, begun.take.id, segment)


@WAYS
def test_what_goes_on_over_many_segments_is_one_gap(world: World, together: bool) -> None:
    """A microphone that gives nothing for long: one row from its first instant to its last."""
    session, begun = webcam(world)
    for seq in range(6):
        start = BEGUN_MS + seq * SEGMENT_MS
        silent = (SOUND, start + (1_000 if seq == 0 else 0), start + SEGMENT_MS, MISSING)
        register(world, begun, seq, silent, together=together)
    line = line_of(world, session)
    assert told(line) == [("sound", BEGUN_MS + 1_000, BEGUN_MS + 6 * SEGMENT_MS, "sound-missing")]
    assert line.gaps[0].reason is GapReason.DEVICE
    assert len(line.segments) == 6


@WAYS
def test_parts_and_causes_are_told_apart(world: World, together: bool) -> None:
    """Another part, another cause, or a stretch in between with all of it: another gap."""
    session, begun = webcam(world)
    register(
        world,
        begun,
        0,
        (SOUND, 1_000, 2_000, MISSING),
        (SOUND, 2_000, 3_000, LOST),
        (PICTURE, 2_000, 5_000, EndCause.NO_KEYFRAME),
        together=together,
    )
    register(
        world,
        begun,
        1,
        (PICTURE, 5_000, 6_000, EndCause.NO_KEYFRAME),
        (SOUND, 6_000, 6_500, LOST),
        together=together,
    )
    assert told(line_of(world, session)) == [
        ("sound", 1_000, 2_000, "sound-missing"),
        ("picture", 2_000, 6_000, "no-keyframe"),
        ("sound", 2_000, 3_000, "sound-lost"),
        ("sound", 6_000, 6_500, "sound-lost"),
    ]


@WAYS
def test_an_absence_lies_within_its_segment(world: World, together: bool) -> None:
    """What capture claims beyond it is cut; what is left of nothing is no gap."""
    session, begun = webcam(world)
    register(world, begun, 0, (SOUND, -5_000, 1_500, LOST), (SOUND, 4_800, 99_000, LOST), together=together)
    register(world, begun, 1, (SOUND, 0, 5_000, LOST), (SOUND, 9_000, 9_500, LOST), together=together)
    assert told(line_of(world, session)) == [
        ("sound", 1_000, 1_500, "sound-lost"),
        ("sound", 4_800, 5_000, "sound-lost"),
    ]


@WAYS
def test_the_gap_before_a_segment_has_the_cause_that_it_tells(world: World, together: bool) -> None:
    """Within a take, all of it; without a word it is put down to the network."""
    session, begun = webcam(world)
    register(world, begun, 0, together=together)
    ends_ms, starts_ms = BEGUN_MS + SEGMENT_MS, BEGUN_MS + 3 * SEGMENT_MS
    register(world, begun, 3, (GapPart.ALL, ends_ms, starts_ms, EndCause.NO_KEYFRAME), together=together)
    register(world, begun, 5, together=together)
    assert told(line_of(world, session)) == [
        ("all", ends_ms, BEGUN_MS + 3 * SEGMENT_MS, "no-keyframe"),
        ("all", BEGUN_MS + 4 * SEGMENT_MS, BEGUN_MS + 5 * SEGMENT_MS, "connection-lost"),
    ]


def test_a_gap_falls_in_two_where_pictures_came_in_vain(world: World) -> None:
    """The connection was lost, then pictures came that could not be stored: each stretch has its own reason,
    and a person is told."""
    session, begun = webcam(world)
    register(world, begun, 0, together=False)
    world.end(begun, EndCause.CONNECTION_LOST)
    again = world.begin(session)
    ends_ms, vain_ms = BEGUN_MS + SEGMENT_MS, BEGUN_MS + SEGMENT_MS + 3_000
    told_of = (GapPart.ALL, vain_ms, BEGUN_MS + 3 * SEGMENT_MS, EndCause.NOT_STORABLE)
    zero = world.clock.unix_ms - BEGUN_MS
    missing = (Absence(told_of[0], zero + told_of[1], zero + told_of[2], told_of[3]),)
    start = world.clock.unix_ms + 3 * SEGMENT_MS - SEGMENT_MS // 2
    segment = SealedSegment(0, digest(b"again"), 1, start, SEGMENT_MS, absences=missing)
    with world.core.db.begin() as db:
        recordings.register(db, world.core, again.take.id, segment)
    gaps = told(line_of(world, session))
    assert gaps[0] == ("all", ends_ms, vain_ms, "connection-lost")
    assert gaps[1][:2] + gaps[1][3:] == ("all", vain_ms, "not-storable")
    with world.core.db.read() as db:
        assert [flag.start_ms for flag in flags.of_session(db, session.id)] == [vain_ms]


def test_a_take_in_vain_gives_its_cause_to_the_gap(world: World) -> None:
    """Pictures came for the whole take, and none could be stored: from its start on that is the reason."""
    session, begun = webcam(world)
    register(world, begun, 0, together=False)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS)
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.now += timedelta(milliseconds=SEGMENT_MS)
    world.end(world.begin(session), EndCause.NO_KEYFRAME)
    ends_ms = BEGUN_MS + SEGMENT_MS
    assert told(line_of(world, session)) == [
        ("all", ends_ms, ends_ms + SEGMENT_MS, "connection-lost"),
        ("all", ends_ms + SEGMENT_MS, None, "no-keyframe"),
    ]


def test_registering_again_tells_nothing_twice(world: World) -> None:
    """As the leaf is there once, its absences are."""
    session, begun = webcam(world)
    for _ in range(2):
        register(world, begun, 0, (SOUND, 2_000, 3_000, LOST), together=False)
    assert told(line_of(world, session)) == [("sound", 2_000, 3_000, "sound-lost")]


def test_only_a_gap_without_segments_is_missing_and_filled(world: World) -> None:
    """A late piece never lies where a segment without sound does; the fact about that segment stays."""
    session, begun = webcam(world)
    start = world.clock.unix_ms
    register(world, begun, 0, (SOUND, 1_000, 5_000, LOST), together=False)
    world.end(begun, EndCause.CONNECTION_LOST)
    world.clock.now += timedelta(milliseconds=3 * SEGMENT_MS)
    world.store(world.begin(session), 0, world.clock.unix_ms)
    with world.core.db.read() as db:
        missing = late.missing(db, world.core, session.id, Stream.WEBCAM)
    assert [(gap.start_ms - start, gap.end_ms - start) for gap in missing.gaps] == [(4_000, 12_000)]
    for at_ms, refused in ((0, True), (SEGMENT_MS, False), (2 * SEGMENT_MS, False)):
        with world.core.db.begin() as db:
            taken = late.begin_late_take(
                db, world.core, session.id, Stream.WEBCAM, "video/webm", start_unix_ms=start + at_ms
            )
        if refused:
            with pytest.raises(WrongState):
                world.store(taken, 0, start + at_ms)
        else:
            world.store(taken, 0, start + at_ms)
    assert told(line_of(world, session)) == [("sound", 1_000, 5_000, "sound-lost")]
    assert world.glance(session).gaps == ()


def test_of_many_absences_the_longest_are_kept() -> None:
    """In the order of time; what one segment may say of itself is bounded."""
    absences = tuple(Absence(SOUND, at * 100, at * 100 + 10 + at, LOST) for at in range(ABSENCES_MAX + 5))
    assert longest(absences[::-1]) == absences[5:]


@WAYS
def test_what_cannot_be_stored_is_flagged_once_and_counted(world: World, together: bool) -> None:
    """One flag while nobody has looked, from the first time to the last, however often the device tries;
    another one after somebody has."""
    session, begun = webcam(world)
    cause = EndCause.NOT_STORABLE
    for seq, at_ms in enumerate((2_000, 6_000)):
        register(world, begun, seq, (PICTURE, at_ms, at_ms + 1_000, cause), together=together)
    world.end(begun, cause)
    with world.core.db.begin() as db:
        (flag,) = flags.of_session(db, session.id)
        assert (flag.source, flag.note) == (FlagSource.RULE, "What the device sends cannot be stored")
        assert (flag.start_ms, flag.end_ms) == (2_000, BEGUN_MS + 2 * SEGMENT_MS)
        flags.decide(db, world.core, ADMIN, flag.id, FlagState.DISMISSED)
    again = world.begin(session)
    world.end(again, cause)
    with world.core.db.read() as db:
        assert len(flags.of_session(db, session.id)) == 2
    assert b"gaps_not_storable 3.0" in exposition(world.core)


def test_the_page_learns_what_cannot_be_stored_while_it_cannot(world: World) -> None:
    """Its pictures, beside sound that is stored; all of it; neither once a picture is stored. The gap
    of an earlier stretch says nothing of now."""

    def storable() -> bool:
        with world.core.db.read() as db:
            (stream,) = status(db, world.core, session.id).streams
            return stream.storable

    session, begun = webcam(world)
    assert storable()
    for seq, cause in enumerate((EndCause.NOT_STORABLE, None, EndCause.NO_KEYFRAME)):
        start = BEGUN_MS + seq * SEGMENT_MS
        missing = [(PICTURE, start, start + SEGMENT_MS, cause)] if cause else []
        register(world, begun, seq, *missing, together=False)
        assert storable() is (cause is not EndCause.NOT_STORABLE)
    world.end(begun, EndCause.NOT_STORABLE)
    assert not storable()
    world.clock.now += timedelta(milliseconds=9 * SEGMENT_MS)
    world.store(world.begin(session), 0, world.clock.unix_ms)
    assert storable()


@pytest.mark.parametrize("cause", [EndCause.REPLACED, EndCause.NO_KEYFRAME, EndCause.STOPPED])
def test_a_take_of_sound_alone_raises_no_flag(world: World, cause: EndCause) -> None:
    """That there is no picture is a gap with its reason; nothing was ended by anybody."""
    session = world.admitted(world.exam(streams=(Stream.SCREEN,)))
    with world.core.db.begin() as db:
        begun = recordings.begin_take(
            db,
            world.core,
            session.id,
            Stream.SCREEN,
            'audio/mp4; codecs="opus"',
            start_unix_ms=world.clock.unix_ms,
        )
    world.store(begun, 0, world.clock.unix_ms)
    world.end(begun, cause)
    with world.core.db.read() as db:
        assert flags.of_session(db, session.id) == []
