"""The player in Chromium on real segments: H.264 in MP4, VP8 in WebM, gaps, a take with another codec."""

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.sessions.model import Session
from tests.e2e.player.screen import START_MS, at, position, seek, wait_for_pictures
from tests.e2e.player.stage import Stage, shown_clocks

pytestmark = pytest.mark.live

NEAR_MS = 100
TOGETHER_S_MAX = 10.0
COVERED = """() => [...document.querySelectorAll("[data-lane] text")].filter((text) => {
  const words = text.getBoundingClientRect();
  const gaps = [...text.closest("[data-lane]").querySelectorAll(".gap-edge")];
  return gaps.map((gap) => gap.getBoundingClientRect())
    .some((gap) => gap.left < words.right && words.left < gap.right);
}).map((text) => text.textContent)"""


def test_it_plays_three_streams_at_one_moment(page: Page) -> None:
    """While playing, the clocks burnt into the three pictures come to differ by 100 ms at most; a busy
    machine may show one of them late for a moment."""
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(3000))
    page.wait_for_function(
        "() => [...window.review.conductor.parts.values()].filter((part) => part === 'in-step').length === 2"
    )
    deadline = time.monotonic() + TOGETHER_S_MAX
    while not are_together(clocks := shown_clocks(page)):
        assert time.monotonic() < deadline, clocks
        page.wait_for_timeout(NEAR_MS)


def are_together(clocks: dict[str, int | None]) -> bool:
    """Whether all three are there, within NEAR_MS."""
    shown = [clock for clock in clocks.values() if clock is not None]
    return len(shown) == 3 and max(shown) - min(shown) <= NEAR_MS


def test_a_stream_out_of_step_is_brought_back(page: Page) -> None:
    """A little off is caught up by speed, far off by a jump; the leader goes on undisturbed."""
    seek(page, at(13_000))
    wait_for_pictures(page, "screen", "webcam", "phone")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(13_300))
    page.evaluate(
        """() => {
          document.querySelector("[data-stream=screen] video").currentTime += 0.3;
          document.querySelector("[data-stream=phone] video").currentTime -= 1.2;
        }"""
    )
    page.wait_for_function(
        """() => {
          const { players, positionMs } = window.review.conductor;
          const off = (name) => Math.abs(1000 * players.get(name).video.currentTime - positionMs);
          return off("screen") < 50 && off("phone") < 50;
        }"""
    )


@pytest.mark.parametrize("wall", ["09:00:02", "09:00:14", "2026-11-16T08:00:21Z"])
def test_it_goes_to_a_wall_clock(page: Page, wall: str) -> None:
    """G and a time of day show exactly that moment in every stream."""
    page.keyboard.press("g")
    page.fill("#go-dialog [name=time]", wall)
    page.keyboard.press("Enter")
    wait_for_pictures(page, "screen", "webcam", "phone")
    wanted = START_MS + 1000 * int(wall.removesuffix("Z")[-2:])
    assert set(shown_clocks(page).values()) == {wanted}


def test_a_link_opens_at_its_moment(stage: Stage, browser: Browser, session: Session) -> None:
    """`?t=…&main=phone` shows that moment, the phone large."""
    page = stage.review(browser, "Proctor", session, "?t=2026-11-16T08:00:13.5Z&main=phone")
    wait_for_pictures(page, "screen", "webcam", "phone")
    assert set(shown_clocks(page).values()) == {START_MS + 13_500}
    expect(page.locator(".view.is-main")).to_have_attribute("data-stream", "phone")
    page.context.close()


def test_it_steps_over_a_gap_of_all_streams(page: Page) -> None:
    """Playback goes on after the gap, and the webcam with the other codec that it came back with."""
    seek(page, at(7000))
    wait_for_pictures(page, "webcam")
    page.evaluate(
        """() => {
          window.seen = [];
          const { conductor } = window.review;
          conductor.addEventListener("tick", () => window.seen.push(conductor.positionMs));
        }"""
    )
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(13_000))
    assert not [ms for ms in page.evaluate("window.seen") if at(8000) + 50 < ms < at(12_000)]
    clock = shown_clocks(page)["webcam"]
    assert clock is not None
    assert clock >= START_MS + 12_500


def test_a_gap_of_one_stream_is_said_in_words(page: Page) -> None:
    """The others go on; the missing one says for how long and why."""
    seek(page, at(17_500))
    wait_for_pictures(page, "screen", "webcam")
    expect(page.locator("[data-stream=phone] .nothing-what")).to_have_text(
        "Nothing was recorded here for 4 s"
    )
    expect(page.locator("[data-stream=phone] .nothing-why")).to_have_text("device lost (device)")
    assert shown_clocks(page)["phone"] is None
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(21_000))
    wait_for_pictures(page, "phone")


def test_a_link_into_a_gap_of_one_stream_plays_it_after_the_gap(
    stage: Stage, browser: Browser, session: Session
) -> None:
    """A stream whose first piece lies ahead waits where that begins, and comes in step there."""
    page = stage.review(browser, "Proctor", session, "?t=2026-11-16T08:00:17.5Z")
    wait_for_pictures(page, "screen", "webcam")
    page.keyboard.press("k")
    page.wait_for_function("() => window.review.conductor.parts.get('phone') === 'in-step'")
    wait_for_pictures(page, "phone")
    page.context.close()


@pytest.mark.parametrize("stream", ["webcam", "phone"])
def test_a_seek_that_cannot_end_is_given_up(page: Page, stream: str) -> None:
    """A stream that waits for what will never be loaded is brought back, be it the leader or another."""
    seek(page, at(13_000))
    wait_for_pictures(page, "screen", "webcam", "phone")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(13_300))
    page.evaluate("(name) => window.review.conductor.players.get(name).video.currentTime = 10.5", stream)
    wait_for_pictures(page, stream)
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(15_000))
    assert position(page) < at(24_000)


def test_gaps_are_drawn_with_their_reason(page: Page) -> None:
    """Each gap of each stream is hatched on its lane, the reason beside it and not below another gap."""
    for stream, gaps in {"screen": 1, "webcam": 1, "phone": 2}.items():
        expect(page.locator(f"[data-lane={stream}] rect[fill='url(#hatch)']")).to_have_count(gaps)
    expect(page.locator("[data-lane=screen]")).to_contain_text("gap 4 s: sharing ended")
    assert page.evaluate(COVERED) == []


def test_it_ends_at_the_end_and_begins_anew(page: Page) -> None:
    seek(page, at(23_000))
    wait_for_pictures(page, "webcam")
    page.keyboard.press("k")
    page.wait_for_function("() => !window.review.conductor.playing")
    assert position(page) == at(24_000)
    page.keyboard.press("k")
    page.wait_for_function(
        "(ms) => window.review.conductor.playing && window.review.conductor.positionMs < ms", arg=at(5000)
    )


def test_it_plays_sixteen_times_as_fast(page: Page) -> None:
    """At full speed it still comes to the end, over the gap, without a fault in any stream."""
    page.evaluate("window.review.conductor.setRate(16)")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs >= ms", arg=at(24_000))
    faults = "[...window.review.conductor.players.values()].map((player) => player.fault)"
    assert page.evaluate(faults) == [None, None, None]
