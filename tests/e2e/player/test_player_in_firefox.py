"""The player in Debian's Firefox, on recordings of the matrix that Chromium plays."""

import pytest

from proctoring.exams.model import Stream
from proctoring.sessions.model import Session
from tests.e2e.player.screen import at
from tests.e2e.player.stage import H264, SHOWN, VP8, Shape, Stage, clocks_of
from tests.e2e.player.test_player_matrix import (
    LENGTH_MS,
    MOVING,
    NEAR_MS,
    SEEN,
    SHAPES,
    WATCH,
    Seen,
    recorded,
    seconds,
)
from tests.e2e.player.variants import cut_short, dtx, files, missing, old, pieces
from tests.support.firefox import Firefox

pytestmark = pytest.mark.live

RATE = 4
STREAMS = {"webcam", "phone", "screen"}
# Every view that shows something shows the present position.
STILL = """[...document.querySelectorAll("[data-stream]:not(.is-empty) video")].every((video) =>
  !video.seeking && video.readyState >= 2
  && Math.abs(1000 * video.currentTime - review.conductor.positionMs) < 100)"""


def review(reader: Firefox, stage: Stage, session: Session) -> None:
    """The review page with its first pictures."""
    reader.open(f"{stage.url}/sessions/{session.id}")
    reader.wait("document.querySelector('#player')?.dataset.ready")
    reader.wait(STILL)


def play(reader: Firefox) -> Seen:
    """Plays from the beginning to where it stops by itself, which must be the end."""
    reader.run(f"({WATCH})(arguments[0])", MOVING)
    reader.run("review.conductor.setRate(arguments[0])", RATE)
    reader.key("k")
    reader.wait("review.conductor.playing")
    reader.wait("!review.conductor.playing")
    assert reader.run("return review.conductor.positionMs === review.timeline.edgeMs")
    return Seen(**reader.run(f"return ({SEEN})()"))


def shown_at(reader: Firefox, ms: int) -> dict[str, int | None]:
    """What each stream shows of that moment: when it was filmed, in ms since the recording began."""
    reader.run("review.conductor.seek(arguments[0])", at(ms))
    reader.wait(STILL)
    return clocks_of(reader.run(f"return ({SHOWN})()"))


@SHAPES
def test_firefox_plays_what_differs_from_piece_to_piece(reader: Firefox, stage: Stage, shape: Shape) -> None:
    """Sizes, codecs and silences change and one stream is away for a while: nothing but that is named."""
    began = stage.world.clock.unix_ms
    sized = files(pieces(shape, began, missing(5000, 6300), sizes=(360, 240)))
    quiet = files(pieces(shape, began, dtx))
    other = files(pieces(VP8 if shape is H264 else H264, began))
    session = recorded(stage, sized, [quiet[0], quiet[2]], [quiet[0], other[1], quiet[2]])
    review(reader, stage, session)
    seen = play(reader)
    assert (seen.jumps, seen.faults) == ([], 0)
    assert seen.blocked == {stream: [] for stream in STREAMS}
    assert "phone: Nothing was recorded here for 4 s" in seen.said
    assert not any("cannot be played" in text for text in seen.said)
    assert not set(seen.at["phone"]) & seconds((5000, 7000))
    for stream in STREAMS:
        assert set(seen.at[stream]) & seconds((9000, LENGTH_MS)), stream
    assert shown_at(reader, 6000) == {"webcam": 6000, "screen": 6000, "phone": None}
    assert shown_at(reader, 10_500) == {"webcam": 10_500, "screen": 10_500, "phone": 10_500}


@SHAPES
def test_firefox_steps_over_what_cannot_be_played(reader: Firefox, stage: Stage, shape: Shape) -> None:
    """A hole in a file and a torn file are named and stepped over while the third stream goes on; a seek to
    there ends."""
    began = stage.world.clock.unix_ms
    torn = files(pieces(shape, began))
    torn[1] = (torn[1][0], cut_short(torn[1][1]))
    session = recorded(
        stage, old(pieces(shape, began, missing(2500, 6500))), torn, files(pieces(shape, began))
    )
    review(reader, stage, session)
    seen = play(reader)
    assert seen.jumps == []
    assert not seen.blocked["screen"]
    assert any(start < at(4500) < end <= at(6500) + NEAR_MS * RATE for start, end in seen.blocked["webcam"])
    for stream in ("webcam", "phone"):
        assert any(text.startswith(f"{stream}: ") and "cannot be played" in text for text in seen.said)
        assert set(seen.at[stream]) & seconds((9000, LENGTH_MS)), stream
    assert seconds((3000, 6000)) & set(seen.at["screen"])
    shown = shown_at(reader, 5000)
    assert (shown["webcam"], shown["screen"]) == (None, 5000)


def test_firefox_plays_a_live_session_from_the_start(reader: Firefox, stage: Stage) -> None:
    """It opens playing, without the sound that Firefox lets nobody hear unasked, and plays what arrives."""
    began = stage.world.clock.unix_ms
    first, second, _ = files(pieces(VP8, began))
    session = stage.world.admitted()
    stage.publish(session, Stream.WEBCAM, [first], cause=None)
    review(reader, stage, session)
    reader.wait("review.conductor.playing && review.conductor.muted")
    reader.wait("document.querySelector('[data-stream=webcam] .nothing-what').textContent")
    stage.publish(session, Stream.WEBCAM, [second], cause=None)
    reader.wait(f"review.conductor.positionMs > {at(5000)}")
    stage.finish(session)
