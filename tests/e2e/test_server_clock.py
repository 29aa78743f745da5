"""The page's idea of the server's time, in a real browser: by no clock that anybody can set."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.candidate_stage import chromium

ORIGIN = "https://clock.test"
SERVER_MS = 1_800_000_000_000  # the server's clock when the page's monotonic one stood at zero
# A clock of which the script sets both hands; whatever it tells is collected.
BEGIN = """async (wallMs) => {
  const { ServerClock } = await import("/server-clock.js");
  window.hands = { monotonic: 0, wall: wallMs };
  window.told = [];
  const clock = new ServerClock({ monotonic: () => hands.monotonic, wall: () => hands.wall });
  for (const name of ["settled", "step"]) {
    clock.addEventListener(name, ({ detail }) => told.push({ name, ...detail }));
  }
  window.clock = clock;
  window.pass = (ms) => { hands.monotonic += ms; hands.wall += ms; };
  // A question whose answer was stamped halfway, by a server that is `ahead` of the monotonic clock.
  window.ask = (turn, ahead, late = 0.5) => {
    const asked = hands.monotonic;
    pass(turn);
    clock.take(asked, hands.monotonic, Math.round(asked + turn * late + ahead));
  };
}"""


def serve(route: Route) -> None:
    """The module, and an empty page to load it."""
    script = files("capture").joinpath("static/keep/server-clock.js").read_text()
    module = route.request.url.endswith(".js")
    route.fulfill(body=script if module else "", content_type="text/javascript" if module else "text/html")


@pytest.fixture(scope="module")
def blank() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(ORIGIN)
        yield page


@pytest.fixture
def page(blank: Page) -> Page:
    """A clock whose computer is two hours ahead of the server."""
    blank.evaluate(BEGIN, SERVER_MS + 7_200_000)
    return blank


def wrong_ms(page: Page) -> float:
    """By how much the page's server time is off."""
    return float(page.evaluate("ahead => clock.now() - (hands.monotonic + ahead)", SERVER_MS))


def told(page: Page, name: str) -> list[dict[str, Any]]:
    return [one for one in page.evaluate("told") if one["name"] == name]


@pytest.mark.parametrize("step_ms", [-3_600_000, 170_000, -8_000])
def test_a_set_clock_changes_no_time_and_is_told_once(page: Page, step_ms: int) -> None:
    """Neither now nor with the next answers; that it was set is told with its size and its moment."""
    page.evaluate("ahead => { ask(20, ahead); pass(2000); }", SERVER_MS)
    assert abs(wrong_ms(page)) < 1
    page.evaluate("step => { hands.wall += step; clock.look(); pass(2000); clock.look(); }", step_ms)
    assert abs(wrong_ms(page)) < 1
    page.evaluate("ahead => { for (let i = 0; i < 9; i += 1) { ask(60, ahead); pass(2000); } }", SERVER_MS)
    assert abs(wrong_ms(page)) < 1
    (step,) = told(page, "step")
    assert step["byMs"] == step_ms
    assert abs(step["at"] - (SERVER_MS + 2_020)) < 1


def test_a_clock_set_forth_and_back_while_the_server_is_away_is_told_twice(page: Page) -> None:
    """The two do not cancel each other."""
    page.evaluate(
        """ahead => { ask(20, ahead);
        for (const step of [90000, -90000]) { hands.wall += step; clock.look(); pass(5000); }
        ask(20, ahead); }""",
        SERVER_MS,
    )
    assert [step["byMs"] for step in told(page, "step")] == [90_000, -90_000]


def test_sleep_is_no_setting_and_moves_what_was_told_meanwhile(page: Page) -> None:
    """The monotonic clock stood still for ten minutes: until an answer comes times are in doubt, and then
    they are moved by what was slept. An answer that was under way while it slept counts for nothing."""
    page.evaluate("ahead => { ask(20, ahead); pass(2000); }", SERVER_MS)
    page.evaluate(
        """ahead => {
        const asked = hands.monotonic;
        pass(10);
        hands.wall += 600000;
        window.seen = [clock.look(), clock.doubt];
        pass(10);
        clock.take(asked, hands.monotonic, asked + ahead + 5);
        window.seen.push(clock.doubt);
        ask(20, ahead + 600000);
        window.seen.push(clock.doubt);
        }""",
        SERVER_MS,
    )
    jumped, doubt, still, after = page.evaluate("seen")
    assert (jumped, still, after) == (True, doubt, "")
    (_, settled) = told(page, "settled")
    assert settled["doubt"] == doubt
    assert abs(settled["movedMs"] - 600_000) < 1
    assert told(page, "step") == []
    assert abs(wrong_ms(page) - 600_000) < 1


def test_before_the_first_answer_times_are_in_doubt(page: Page) -> None:
    """They begin with the computer's clock, and the first answer says by how much that is wrong."""
    doubt = page.evaluate("clock.doubt")
    assert doubt
    page.evaluate("ahead => ask(40, ahead)", SERVER_MS)
    (settled,) = told(page, "settled")
    assert settled["doubt"] == doubt
    assert abs(settled["movedMs"] + 7_200_000) < 1
    assert told(page, "step") == []


@pytest.mark.parametrize("turn", ["-500", "20_000", "NaN"])
def test_an_absurd_answer_never_counts(page: Page, turn: str) -> None:
    """Answered before it was asked, after longer than any question may take, or without a time."""
    page.evaluate("ahead => ask(50, ahead)", SERVER_MS)
    page.evaluate(
        f"ahead => clock.take(hands.monotonic - 9000, hands.monotonic - 9000 + {turn}, ahead + 5000)",
        SERVER_MS,
    )
    page.evaluate("clock.take(hands.monotonic - 1, hands.monotonic, NaN)")
    assert abs(wrong_ms(page)) < 1


def test_the_quickest_of_late_counts_and_drift_is_followed(page: Page) -> None:
    """Slow and lopsided answers do not spoil a quick one; a quick one of ten minutes ago no longer counts."""
    page.evaluate(
        "ahead => { ask(4, ahead); for (let i = 0; i < 30; i += 1) { pass(2000); ask(400, ahead, 0.95); } }",
        SERVER_MS,
    )
    assert abs(wrong_ms(page)) < 5
    drifted = SERVER_MS + 60
    page.evaluate("ahead => { for (let i = 0; i < 300; i += 1) { pass(2000); ask(60, ahead); } }", drifted)
    assert abs(wrong_ms(page) - 60) < 5
