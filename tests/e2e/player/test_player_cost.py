"""The player does nothing for nothing: no work at rest, no piece fetched twice, no log read twice."""

from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.exams.model import Stream
from proctoring.sessions.model import Session
from tests.e2e.player.screen import wait_for_pictures
from tests.e2e.player.stage import VP8, Stage
from tests.support.logs import event, exam_with_logs, write

pytestmark = pytest.mark.live

RESTS = "() => window.review.conductor.pace.rests"
FRAMES = """() => {
  const real = window.requestAnimationFrame;
  window.frames_asked = 0;
  window.requestAnimationFrame = (work) => {
    if (new Error().stack.includes("/static/review/")) window.frames_asked += 1;
    return real.call(window, work);
  };
}"""
WRITES = """() => {
  window.written = [];
  const seen = new MutationObserver((changes) => window.written.push(...changes.map((one) => one.type)));
  const all = { attributes: true, characterData: true, childList: true, subtree: true };
  seen.observe(document.querySelector("#main"), all);
}"""
STOOD = """(act) => {
  const { conductor } = window.review, real = performance.now.bind(performance);
  performance.now = () => real() + 10_000;  // of rest
  conductor[act](3000);
  const stood = ({ standing, video }) => standing.note(video, performance.now(), true);
  return Math.max(...[...conductor.players.values()].map(stood));
}"""
JUST_NOW_MS = 3000
FETCHED = """async ([url, missing, laterMs]) => {
  const { fetchPiece } = await import("/static/review/player/fetch-piece.js");
  if (laterMs) {
    const real = performance.now.bind(performance);
    performance.now = () => real() + laterMs;
  }
  const asked = () => performance.getEntriesByType("resource").filter((one) => one.name.endsWith(url)).length;
  const before = asked();
  const piece = () => fetchPiece(url, new AbortController().signal, true, () => undefined);
  const first = (await piece()).byteLength;
  const same = (await piece()).byteLength === first;
  const once = asked() - before;
  await fetchPiece(missing, new AbortController().signal, true, () => undefined).catch(() => undefined);
  await piece();
  return { same, once, afterRefusal: asked() - before };
}"""


def test_a_page_at_rest_does_nothing(page: Page) -> None:
    """While it is paused its clocks stand, it asks for no frame and writes nothing; play starts them anew. No
    stream counts as one that stood still meanwhile, for it would be stepped over."""
    wait_for_pictures(page, "screen", "webcam", "phone")
    page.evaluate(FRAMES)
    page.wait_for_function(RESTS, polling=100)
    page.evaluate(WRITES)
    page.evaluate("window.review.conductor.dispatchEvent(new Event('tick'))")
    assert page.evaluate("[window.written, window.frames_asked]") == [[], 0]
    assert page.evaluate(STOOD, "play") < JUST_NOW_MS
    assert not page.evaluate(RESTS)
    page.evaluate("window.review.conductor.pause()")
    page.wait_for_function(RESTS, polling=100)
    assert page.evaluate(STOOD, "seek") < JUST_NOW_MS


def test_playing_writes_only_what_changed(page: Page) -> None:
    """A second look at the same moment of play writes nothing, and no frame is asked for."""
    page.evaluate(FRAMES)
    page.evaluate("window.review.conductor.play()")
    page.wait_for_function("() => window.review.conductor.parts.get('webcam') === 'leading'", polling=100)
    again: list[Any] = page.evaluate(
        """() => {
          const { conductor } = window.review, at = conductor.positionMs;
          Object.defineProperty(conductor, "positionMs", { get: () => at, configurable: true });
          conductor.dispatchEvent(new Event("tick"));
          const seen = new MutationObserver(() => undefined);
          seen.observe(document.querySelector("#main"),
            { attributes: true, characterData: true, childList: true, subtree: true });
          conductor.dispatchEvent(new Event("tick"));
          delete conductor.positionMs;
          return seen.takeRecords().map((one) => `${one.target.nodeName} ${one.attributeName}`);
        }"""
    )
    assert (again, page.evaluate("window.frames_asked")) == ([], 0)


@pytest.mark.promise("P12")
def test_a_piece_is_fetched_once_for_a_while(page: Page, session: Session) -> None:
    """From memory the second time; anew after a refusal, whatever was refused."""
    page.goto(urljoin(page.url, "/queue"))  # where no player asks too
    url, missing = f"/media/{session.id}/webcam/0", f"/media/{session.id}/webcam/99"
    assert page.evaluate(FETCHED, [url, missing, 0]) == {"same": True, "once": 1, "afterRefusal": 2}


@pytest.mark.promise("P12")
def test_no_piece_is_kept_for_long(page: Page, session: Session) -> None:
    """After two minutes the server is asked again, which checks who looks."""
    page.goto(urljoin(page.url, "/queue"))
    url, missing = f"/media/{session.id}/webcam/1", f"/media/{session.id}/webcam/99"
    assert page.evaluate(FETCHED, [url, missing, 0])["once"] == 1
    assert page.evaluate(FETCHED, [url, url, 0])["once"] == 0
    assert page.evaluate(FETCHED, [url, url, 120_001])["once"] == 1


def test_an_open_page_reads_what_is_new_of_a_log(stage: Stage, browser: Browser) -> None:
    """The log grows while the page is open: the second request names the last batch that is there."""
    world = stage.world
    live = world.admitted(exam_with_logs(world))
    stage.take(live, Stream.WEBCAM, VP8, 0, 8000, None)
    world.clock.move(seconds=8)
    write(world, live, "activity", [event(world.clock(), "paste", chars=1)])
    asked: list[str] = []
    page = stage.open(browser, "Proctor", "/static/look/icon.svg")
    page.on("request", lambda one: asked.append(one.url.rpartition("/")[2]) if "/logs/" in one.url else None)
    page.goto(f"/sessions/{live.id}")
    page.wait_for_selector("#player[data-ready]")
    expect(page.locator("[data-lane=activity] [data-entry]")).to_have_count(1)
    write(world, live, "activity", [event(world.clock(), "paste", chars=2)])
    expect(page.locator("[data-lane=activity] [data-entry]")).to_have_count(2)
    assert asked == ["activity.json?after=-1", "activity.json?after=0"]
    page.context.close()
