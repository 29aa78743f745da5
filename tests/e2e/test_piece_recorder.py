"""Pieces that a page records beside the connection, through a sound that stalls, ends and comes back."""

import io
from base64 import b64decode
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import av
import pytest
from playwright.sync_api import Page, Route

from tests.e2e.candidate_stage import chromium

pytestmark = pytest.mark.live

ORIGIN = "https://recorder.test"
HOLE_MS_MAX, TIME_MS_MAX = 150, 500
PICTURES_A_SECOND_MIN = 5
SOUNDS_MIN = 15  # of 60 ms each
# The device's picture, and a tone that can be made to stand still as a microphone does.
BEGIN = """async () => {
  const { Buffer } = await import("/buffer.js");
  const { ServerClock } = await import("/server-clock.js");
  const video = { width: 640, height: 480, frameRate: 15 };
  const camera = await navigator.mediaDevices.getUserMedia({ video });
  window.tone = async () => {
    window.sound = new AudioContext();
    await sound.resume();
    const out = sound.createMediaStreamDestination();
    const hum = sound.createOscillator();
    hum.connect(out);
    hum.start();
    return out.stream.getAudioTracks()[0];
  };
  window.media = new MediaStream([camera.getVideoTracks()[0], await tone()]);
  window.clock = new ServerClock();
  const sample = performance.now();
  clock.take(sample, sample, Date.now());
  window.pieces = [];
  window.buffer = new Buffer("/late", "token", clock);
  buffer.store.put = async (piece) => void pieces.push(piece);
  buffer.record(media);
}"""
PIECES = """async () => {
  await buffer.rest();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const asText = async ({ data, start, end }) => {
    const bytes = new Uint8Array(await data.arrayBuffer());
    const text = [...bytes].map((byte) => String.fromCharCode(byte)).join("");
    return { start, end, data: btoa(text) };
  };
  return Promise.all(pieces.map(asText));
}"""


def serve(route: Route) -> None:
    """The modules, an empty page, and a server that is away."""
    name = route.request.url.rsplit("/", 1)[1]
    if name.endswith(".js"):
        script = files("capture").joinpath(f"static/keep/{name}").read_text()
        route.fulfill(body=script, content_type="text/javascript")
    elif name:
        route.abort()
    else:
        route.fulfill(body="", content_type="text/html")


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(f"{ORIGIN}/")
        page.evaluate(BEGIN)
        yield page


def check(page: Page, began_ms: float) -> list[dict[str, Any]]:
    """Every piece decodes; together they cover the time from the beginning until now, by the right clock."""
    ended_ms = page.evaluate("clock.now()")
    pieces: list[dict[str, Any]] = sorted(page.evaluate(PIECES), key=lambda one: one["start"])
    assert abs(pieces[0]["start"] - began_ms) < TIME_MS_MAX
    assert abs(max(one["end"] for one in pieces) - ended_ms) < TIME_MS_MAX
    ends = [max(one["end"] for one in pieces[: number + 1]) for number in range(len(pieces))]
    holes = [after["start"] - end for end, after in zip(ends, pieces[1:], strict=False)]
    assert max(holes, default=0) < HOLE_MS_MAX
    pictures = 0
    for piece in pieces:
        with av.open(io.BytesIO(b64decode(piece["data"])), "r") as container:
            shown = [frame.pts for frame in container.decode(video=0)]
        assert shown or sounds(piece)
        pictures += len(shown)
    assert pictures >= PICTURES_A_SECOND_MIN * (ended_ms - began_ms) / 1000
    return pieces


def sounds(piece: dict[str, Any]) -> int:
    with av.open(io.BytesIO(b64decode(piece["data"])), "r") as container:
        return sum(bool(packet.size) for packet in container.demux(audio=0)) if container.streams.audio else 0


def test_a_sound_that_stalls_moves_no_time(page: Page) -> None:
    """The browser holds everything back until sound comes again; where it belongs is known all the same."""
    began = page.evaluate("clock.now()")
    page.wait_for_timeout(5_000)
    page.evaluate("sound.suspend()")
    page.wait_for_timeout(5_000)
    page.evaluate("sound.resume()")
    page.wait_for_timeout(4_000)
    assert len(check(page, began)) >= 3


def test_a_sound_that_ends_and_comes_back_leaves_no_hole(page: Page) -> None:
    """While it is gone the picture is recorded; a new track is recorded from its first second on."""
    began = page.evaluate("clock.now()")
    page.wait_for_timeout(3_000)
    page.evaluate(
        """() => {
        const [gone] = media.getAudioTracks();
        gone.stop();
        media.removeTrack(gone);
        buffer.record(media);
        }"""
    )
    page.wait_for_timeout(4_000)
    back = page.evaluate("clock.now()")
    page.evaluate("async () => { media.addTrack(await tone()); buffer.record(media); }")
    page.wait_for_timeout(5_000)
    pieces = check(page, began)
    assert sounds(pieces[0]) > SOUNDS_MIN
    assert sum(sounds(piece) for piece in pieces if piece["end"] > back + 1_000) > SOUNDS_MIN
