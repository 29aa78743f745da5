"""Recordings in which sound, a piece or a stream is missing, H.264 and VP8, played to the end in Chromium."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from proctoring.sessions.model import Session
from tests.e2e.player import variants
from tests.e2e.player.changed_line import change, foreign
from tests.e2e.player.screen import at, position, seek, wait_for_pictures
from tests.e2e.player.stage import H264, VP8, Shape, Stage
from tests.e2e.player.variants import File, dtx, files, missing, old, pieces

pytestmark = pytest.mark.live

LENGTH_MS = variants.LENGTH_MS
PLAYED_MS_MAX = 60_000
NEAR_MS = 250  # how exactly a hole that the player finds lies where it is
SHAPES = pytest.mark.parametrize("shape", [H264, VP8], ids=["h264", "vp8"])
STREAMS = (Stream.WEBCAM, Stream.PHONE, Stream.SCREEN)

MOVING = ["leading", "in-step", "catching-up"]
WATCH = """(moving) => {
  const { conductor } = window.review;
  const seen = window.seen = { said: new Set(), at: {}, jumps: [] };
  let before = conductor.positionMs;
  conductor.addEventListener("tick", () => {
    const ms = conductor.positionMs;
    if (ms - before > 1000 * conductor.rate) seen.jumps.push([before, ms]);
    before = ms;
    for (const [name, { video }] of conductor.players) {
      if (video.paused || !moving.includes(conductor.parts.get(name))) continue;
      (seen.at[name] ??= new Set()).add(Math.floor(video.currentTime));
    }
  });
  const look = () => {
    for (const line of document.querySelectorAll(".nothing p, .lacks p")) {
      const { stream } = line.closest("[data-stream]").dataset;
      if (line.textContent) seen.said.add(`${stream}: ${line.textContent}`);
    }
  };
  const changes = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(document.querySelector(".stage"), changes);
}"""
# Chromium bridges a hole at a piece's beginning when that piece is the first that is appended.
SHOWN_OR_SAID = """(seconds) => {
  const video = document.querySelector("[data-stream=webcam] video");
  const said = document.querySelector("[data-stream=webcam] .nothing-what").textContent;
  const shown = !video.seeking && video.readyState >= 2 && video.currentTime === seconds;
  return shown || said.includes("cannot be played");
}"""
SEEN = """() => ({
  said: [...window.seen.said], jumps: window.seen.jumps,
  at: Object.fromEntries(Object.entries(window.seen.at).map(([name, seconds]) => [name, [...seconds]])),
  blocked: Object.fromEntries([...window.review.conductor.players].map(
    ([name, player]) => [name, player.blocked.stretches.map((one) => [one.start_ms, one.end_ms])])),
  faults: [...window.review.conductor.players.values()].filter((player) => player.fault).length,
})"""


@dataclass
class Seen:
    """What a run through a session showed: texts, jumps of the position, seconds that each stream played."""

    said: list[str]
    jumps: list[tuple[float, float]]
    at: dict[str, list[int]]
    blocked: dict[str, list[tuple[float, float]]]
    faults: int


def recorded(stage: Stage, *streams: list[File]) -> Session:
    """A session with these files as the takes of its webcam, phone and screen."""
    session = stage.world.admitted()
    for stream, made in zip(STREAMS, streams, strict=False):
        for take in takes(made):
            stage.publish(session, stream, take, EndCause.CONNECTION_LOST)
    return stage.finish(session, LENGTH_MS // 1000)


def takes(made: list[File]) -> list[list[File]]:
    """Cut where the media type changes or something is missing, as capture does."""
    cut: list[list[File]] = []
    for piece, data in made:
        last = cut[-1][-1][0] if cut else None
        abuts = last is not None and last.start_unix_ms + last.duration_ms == piece.start_unix_ms
        if last is None or not abuts or last.media_type != piece.media_type:
            cut.append([])
        cut[-1].append((piece, data))
    return cut


def play(page: Page, rate: float, from_ms: int = 0) -> Seen:
    """Plays from there to where it stops by itself, which must be the end."""
    seek(page, at(from_ms))
    page.evaluate(WATCH, MOVING)
    page.evaluate("(rate) => window.review.conductor.setRate(rate)", rate)
    page.keyboard.press("k")
    page.wait_for_function("() => !window.review.conductor.playing", timeout=PLAYED_MS_MAX)
    assert position(page) == page.evaluate("window.review.timeline.edgeMs")
    return Seen(**page.evaluate(SEEN))


def gaps_of_parts(page: Page, stream: Stream, *gaps: dict[str, object]) -> None:
    """Has the time line say so of a stream, and loads it anew."""
    change(page, stream, lambda told: told["gaps"].extend(gaps))
    page.reload()
    page.wait_for_selector("#player[data-ready]")


def seconds(*spans: tuple[int, int]) -> set[int]:
    """The whole seconds of session time that lie within these stretches of the recording."""
    return {second for start, end in spans for second in range(at(start) // 1000, at(end) // 1000)}


MATRIX = {
    "bursts, 200 ms, 400 ms": (variants.bursts, missing(5000, 5200), missing(5000, 5400)),
    "1.3 s, 10 s, DTX": (missing(5000, 6300), missing(1000, 11_000), dtx),
    "mute, late begin, early end": (missing(3500, 8900), missing(0, 5300), missing(6500, LENGTH_MS)),
}
ONCE_AT_NORMAL_SPEED = [(4, name) for name in MATRIX] + [(1, "1.3 s, 10 s, DTX")]


@SHAPES
@pytest.mark.parametrize(("rate", "name"), ONCE_AT_NORMAL_SPEED)
def test_missing_sound_stops_nothing(
    stage: Stage, browser: Browser, shape: Shape, rate: int, name: str
) -> None:
    """Whatever sound is missing, the pictures of every stream play to the end and nothing is stepped over."""
    began = stage.world.clock.unix_ms
    session = recorded(stage, *(files(pieces(shape, began, keep)) for keep in MATRIX[name]))
    page = stage.review(browser, "Proctor", session)
    seen = play(page, rate)
    assert seen.jumps == []
    assert all(not stretches for stretches in seen.blocked.values())
    for stream in STREAMS:
        assert seconds((1000, 11_000)) <= set(seen.at[stream]) or rate > 1
        assert len(set(seen.at[stream])) > LENGTH_MS // 1000 / rate - 2
    page.context.close()


@SHAPES
def test_sizes_that_change_and_a_gap_of_one_stream_stop_nothing(
    stage: Stage, browser: Browser, shape: Shape
) -> None:
    """Each piece may have its own size; a stream that is away for a while is named and comes back."""
    began = stage.world.clock.unix_ms
    sized = files(pieces(shape, began, sizes=(360, 240)))
    whole = files(pieces(shape, began))
    session = recorded(stage, sized, [whole[0], whole[2]], whole)
    page = stage.review(browser, "Proctor", session)
    seen = play(page, 4)
    assert seen.jumps == []
    assert "phone: Nothing was recorded here for 4 s" in seen.said
    assert "phone: connection lost (network)" in seen.said
    assert set(seen.at["phone"]) & seconds((9000, LENGTH_MS))
    assert not set(seen.at["phone"]) & seconds((5000, 7000))
    page.context.close()


@pytest.mark.parametrize(
    ("shape", "rate"), [(H264, 1), (H264, 4), (VP8, 4)], ids=["h264-1", "h264-4", "vp8-4"]
)
def test_a_hole_in_an_old_file_is_stepped_over_and_named(
    stage: Stage, browser: Browser, shape: Shape, rate: int
) -> None:
    """A file stored without silence stops no player: what cannot be played is stepped over, in words."""
    began = stage.world.clock.unix_ms
    session = recorded(stage, old(pieces(shape, began, missing(2500, 6500))))
    page = stage.review(browser, "Proctor", session)
    seen = play(page, rate)
    ((start, end), *_) = seen.blocked["webcam"]
    assert at(2500) - NEAR_MS * rate <= start < end <= at(6500) + NEAR_MS * rate
    assert any(text.startswith("webcam: ") and text.endswith("cannot be played here") for text in seen.said)
    assert set(seen.at["webcam"]) & seconds((8000, LENGTH_MS))
    page.context.close()


@SHAPES
def test_a_hole_of_one_stream_leaves_the_others(stage: Stage, browser: Browser, shape: Shape) -> None:
    """While the webcam cannot be played the screen goes on; the webcam says so, and comes back after it."""
    began = stage.world.clock.unix_ms
    torn = old(pieces(shape, began, missing(3000, 7500)))
    silent = old(pieces(shape, began, dtx))
    session = recorded(stage, torn, silent, files(pieces(shape, began)))
    page = stage.review(browser, "Proctor", session)
    seen = play(page, 4)
    assert seen.jumps == []
    assert not seen.blocked["screen"]
    assert any(text.startswith("webcam: ") and text.endswith("cannot be played here") for text in seen.said)
    assert set(seen.at["webcam"]) & seconds((9000, LENGTH_MS))
    page.context.close()


@SHAPES
def test_a_seek_into_a_hole_ends(stage: Stage, browser: Browser, shape: Shape) -> None:
    """Sent into a hole, the page shows that moment where the browser can, else says so; and it plays on."""
    began = stage.world.clock.unix_ms
    session = recorded(stage, old(pieces(shape, began, missing(2500, 7500))))
    page = stage.review(browser, "Proctor", session)
    seek(page, at(5000))
    page.wait_for_function(SHOWN_OR_SAID, arg=at(5000) / 1000)
    seen = play(page, 4, from_ms=5000)
    assert set(seen.at["webcam"]) & seconds((8500, LENGTH_MS))
    page.context.close()


@pytest.mark.parametrize(
    ("shape", "how"),
    [
        *((H264, how) for how in ("cut short", "noise", "404", "no codec")),
        *((VP8, how) for how in ("cut short", "noise", "500")),
    ],
)
def test_a_piece_that_cannot_be_played_is_a_hole(
    stage: Stage, browser: Browser, shape: Shape, how: str
) -> None:
    """A torn, undecodable or refused piece is named and stepped over; what comes after it plays."""
    began = stage.world.clock.unix_ms
    made = files(pieces(shape, began))
    if how == "cut short":
        made[1] = (made[1][0], variants.cut_short(made[1][1]))
    if how == "noise":
        made[1] = files([variants.noise(made[1][0])])[0]
    alone = recorded(stage, made)
    page = stage.open(browser, "Proctor", "/queue")
    if how.isdigit():
        page.route("**/media/*/webcam/1", lambda route: route.fulfill(status=int(how), body=""))
    if how == "no codec":
        change(page, Stream.WEBCAM, foreign)
    page.goto(f"/sessions/{alone.id}")
    page.wait_for_selector("#player[data-ready]")
    seen = play(page, 4)
    assert seen.said
    assert set(seen.at["webcam"]) & seconds((9000, LENGTH_MS))
    page.context.close()


def test_a_stream_that_never_comes_holds_nobody(stage: Stage, browser: Browser) -> None:
    """The webcam's pieces are never answered; the screen plays to the end without it, the webcam says so."""
    began = stage.world.clock.unix_ms
    whole = files(pieces(H264, began))
    session = recorded(stage, whole, [], whole)
    page = stage.open(browser, "Proctor", "/queue")
    page.route("**/media/*/webcam/*", lambda _: None)
    page.goto(f"/sessions/{session.id}")
    page.wait_for_selector("#player[data-ready]")
    page.evaluate("window.review.conductor.setRate(4)")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(8000))
    expect(page.locator("[data-stream=webcam] .nothing-what")).to_have_text("Loading this moment …")
    page.context.close()


@SHAPES
def test_sound_alone_is_played_and_said(stage: Stage, browser: Browser, shape: Shape) -> None:
    """A take without picture is heard; its view says why there is none, and that the sound goes on."""
    began = stage.world.clock.unix_ms
    made = pieces(shape, began)
    session = recorded(stage, files([made[0], *variants.sound_alone(made[1:2]), made[2]]))
    page = stage.review(browser, "Proctor", session)
    lost = {
        "start_ms": at(4000),
        "end_ms": at(8000),
        "reason": "device",
        "cause": "no-keyframe",
        "part": "picture",
    }
    gaps_of_parts(page, Stream.WEBCAM, lost)
    seen = play(page, 4)
    assert seen.jumps == []
    assert "webcam: No picture, sound only" in seen.said
    assert set(seen.at["webcam"]) & seconds((5000, 7000))
    assert set(seen.at["webcam"]) & seconds((9000, LENGTH_MS))
    page.context.close()


def test_a_part_that_is_missing_is_drawn_and_said(stage: Stage, browser: Browser) -> None:
    """A stretch without sound is no hole: it plays, with a pattern on its lane and words on its view."""
    began = stage.world.clock.unix_ms
    session = recorded(stage, files(pieces(H264, began, missing(4000, 8000))))
    page = stage.review(browser, "Proctor", session)
    lack = {
        "start_ms": at(4000),
        "end_ms": at(8000),
        "reason": "device",
        "cause": "sound-missing",
        "part": "sound",
    }
    gaps_of_parts(page, Stream.WEBCAM, lack)
    lane = page.locator("[data-lane=webcam]")
    expect(lane.locator("rect[fill='url(#no-sound)']")).to_have_count(1)
    expect(lane.locator("rect[fill='url(#hatch)']")).to_have_count(0)
    expect(lane).to_contain_text("no sound 4 s")
    seek(page, at(6000))
    wait_for_pictures(page, "webcam")
    expect(page.locator("[data-stream=webcam] .lacks-what")).to_have_text("No sound here")
    expect(page.locator("[data-stream=webcam].is-empty")).to_have_count(0)
    seek(page, at(9000))
    expect(page.locator("[data-stream=webcam] .lacks")).to_be_hidden()
    page.context.close()
