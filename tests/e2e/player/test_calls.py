"""Calls for help on pages that are open, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.exams.model import Stream
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind, HelpRequest
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from tests.e2e.player.stage import H264_SILENT, Stage

pytestmark = pytest.mark.live

WORDS = "The doorbell rang."


@pytest.fixture
def session(stage: Stage) -> Iterator[Session]:
    """It goes on until the test is over."""
    made = stage.world.admitted()
    stage.take(made, Stream.WEBCAM, H264_SILENT, 0, 4000, cause=None)
    yield made
    with stage.world.core.db.begin() as db:
        ending.finish(db, stage.world.core, made.id)


def call(stage: Stage, session: Session, words: str = WORDS) -> HelpRequest:
    with stage.world.core.db.begin() as db:
        return help_requests.ask(db, stage.world.core, session.id, HelpKind.HELP, words)


def rung(page: Page) -> int:
    """How many tones the page has played."""
    return int(page.evaluate("window.tones ?? 0"))


COUNT_TONES = """
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...args) {
    window.tones = (window.tones ?? 0) + 1;
    return start.apply(this, args);
  };
"""


def test_a_call_reaches_every_open_page(stage: Stage, browser: Browser, session: Session) -> None:
    """Queue and live page show it without being loaded again, and who answers; it rings once, in one page."""
    queue = stage.open(browser, "Proctor", "/queue")
    live = stage.open(browser, "Colleague", f"/sessions/{session.id}")
    live.wait_for_selector("#player[data-ready]")
    expect(queue.locator("#calls li")).to_have_count(0)
    call(stage, session)
    expect(queue.locator("#calls")).to_contain_text(WORDS)
    expect(live.locator("#calls")).to_contain_text(WORDS)
    expect(live.locator("#panel-messages")).to_contain_text(WORDS)
    expect(live.locator("#flags-panel")).to_contain_text(WORDS)
    queue.get_by_role("button", name="I answer").click()
    queue.wait_for_url(f"**/sessions/{session.id}*")
    expect(live.locator("#calls")).to_contain_text("Proctor is answering")
    queue.locator(".message-form textarea").fill("Go on, please.")
    queue.get_by_role("button", name="Send the answer").click()
    expect(live.locator("#calls li")).to_have_count(0)
    expect(live.locator("#panel-messages")).to_contain_text("Go on, please.")
    queue.context.close()
    live.context.close()


def test_a_call_rings_until_it_is_silenced(stage: Stage, browser: Browser, session: Session) -> None:
    """A new call is heard once the reader has touched the page; the button makes it silent for good."""
    page = stage.open(browser, "Proctor", "/queue")
    page.add_init_script(COUNT_TONES)
    page.reload()
    button = page.locator("#calls-sound")
    page.get_by_role("heading", name="Queue").click()
    expect(button).to_have_text("Calls ring")
    call(stage, session)
    expect(page.locator("#calls li")).to_have_count(1)
    assert rung(page) == 2
    button.click()
    expect(button).to_have_text("Calls are silent")
    call(stage, session, "Again.")
    expect(page.locator("#calls li")).to_have_count(2)
    assert rung(page) == 2
    page.reload()
    expect(button).to_have_text("Calls are silent")
    page.context.close()


def test_a_page_that_hears_no_events_asks(stage: Stage, browser: Browser, session: Session) -> None:
    """Behind a proxy that lets no events through, the bar is some seconds late."""
    page = stage.open(browser, "Proctor", "/queue")
    page.route("**/help/stream", lambda route: route.abort())
    page.clock.install()
    page.reload()
    expect(page.locator("#calls-sound")).to_be_visible()
    call(stage, session)
    page.clock.fast_forward(11_000)
    expect(page.locator("#calls")).to_contain_text(WORDS)
    page.context.close()


def test_an_answer_under_way_is_not_lost(stage: Stage, browser: Browser, session: Session) -> None:
    """The next call does not take away what the proctor is writing."""
    call(stage, session)
    page = stage.review(browser, "Proctor", session)
    page.locator("#tab-messages").click()
    page.locator(".message-form textarea").fill("Go on")
    call(stage, session, "Again.")
    expect(page.locator("#calls li")).to_have_count(2)
    expect(page.locator(".message-form textarea")).to_have_value("Go on")
    page.context.close()
