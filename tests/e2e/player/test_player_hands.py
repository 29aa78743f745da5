"""Keys and forms that a reviewer uses while watching."""

import pytest
from playwright.sync_api import Page, expect

from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState
from proctoring.sessions.model import Session
from tests.e2e.player.screen import at, position, seek
from tests.e2e.player.stage import Stage

pytestmark = pytest.mark.live

NEAR_MS = 100


def test_a_time_outside_the_session_is_refused_in_words(page: Page) -> None:
    page.keyboard.press("g")
    page.fill("#go-dialog [name=time]", "11:00")
    page.keyboard.press("Enter")
    expect(page.locator("#go-dialog [data-wrong]")).to_contain_text("08:59:59")
    expect(page.locator("#go-dialog")).to_be_visible()


def test_keys_move(page: Page) -> None:
    """Each key moves by what the help says."""
    seek(page, at(2000))
    for key, ms in {
        "l": 10_000,
        "j": -10_000,
        "ArrowRight": 1000,
        "Shift+ArrowRight": 5000,
        "Shift+ArrowLeft": -5000,
        "ArrowLeft": -1000,
    }.items():
        before = position(page)
        page.keyboard.press(key)
        assert position(page) == before + ms, key
    before = position(page)
    page.keyboard.press(".")
    assert 0 < position(page) - before < NEAR_MS
    page.keyboard.press(",")
    assert position(page) == pytest.approx(before)
    page.keyboard.press("3")
    expect(page.locator(".view.is-main")).to_have_attribute("data-stream", "phone")
    page.keyboard.press(">")
    assert page.evaluate("window.review.conductor.rate") == 2


def test_keys_leave_typing_alone_and_can_be_switched_off(page: Page) -> None:
    page.check("[name=outcome][value=incident]")
    page.locator("#reasons").press_sequentially("kjl 1")
    expect(page.locator("#reasons")).to_have_value("kjl 1")
    page.locator("#reasons").blur()
    page.keyboard.press("m")
    page.locator("#flag-dialog textarea").press_sequentially("kjl 123")
    expect(page.locator("#flag-dialog textarea")).to_have_value("kjl 123")
    assert not page.evaluate("window.review.conductor.playing")
    page.keyboard.press("Escape")
    expect(page.locator("#flag-dialog")).to_be_hidden()
    page.keyboard.press("?")
    page.uncheck("#keys-dialog [name=keys]")
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()
    before = position(page)
    page.keyboard.press("l")
    assert position(page) == before
    page.keyboard.press("?")
    page.check("#keys-dialog [name=keys]")


def test_a_stretch_is_flagged_and_looked_at(page: Page, stage: Stage, session: Session) -> None:
    """I, O and M put a flag on the stretch; C confirms the current one; page and time line follow."""
    seek(page, at(3000))
    page.keyboard.press("i")
    seek(page, at(5000))
    page.keyboard.press("o")
    page.keyboard.press("m")
    page.select_option("#flag-dialog [name=category]", Category.HELP_BY_OTHERS.value)
    page.fill("#flag-dialog textarea", "A second voice")
    page.click("#flag-dialog .btn-main")
    line = page.locator(".flag", has_text="A second voice")
    expect(line.locator(".who")).to_have_text("proctor, open")
    line.locator(".flag-line").click()
    page.keyboard.press("c")
    expect(line.locator(".who")).to_have_text("proctor, confirmed")
    page.wait_for_function("() => window.review.timeline.flags.some((flag) => flag.state === 'confirmed')")
    with stage.world.core.db.read() as db:
        (flag,) = [one for one in flags.of_session(db, session.id) if one.note == "A second voice"]
    assert (flag.start_ms, flag.end_ms, flag.state) == (at(3000), at(5000), FlagState.CONFIRMED)
