"""The logs beside the player: a lane each, a list in words, and a way from every entry to its moment."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from proctoring.custody.model import Action
from proctoring.custody.service import entries as ledger
from proctoring.exams.model import Stream
from proctoring.sessions.model import Session
from tests.e2e.player.screen import position
from tests.e2e.player.stage import VP8, Stage
from tests.e2e.player.variants import files, pieces
from tests.support import axe
from tests.support.logs import answer, event, exam_with_logs, write

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def logged(stage: Stage) -> Session:
    """24 s of webcam, five things that happened and one answer in it."""
    world = stage.world
    session = world.admitted(exam_with_logs(world))
    stage.take(session, Stream.WEBCAM, VP8, 0, 24_000)
    world.clock.move(seconds=24)
    now = world.clock()

    def ago(seconds: int) -> timedelta:
        return timedelta(seconds=seconds)

    happened = [
        event(now - ago(20), "display-change", extended=False),
        event(now - ago(16), "page-hidden"),
        event(now - ago(15), "url", url="https://example.org/insurance", title="What insurance is"),
        event(now - ago(9), "page-shown"),
        event(now - ago(8), "paste", chars=48),
    ]
    write(world, session, "activity", happened)
    write(world, session, "answers", [answer(now - ago(4), "b")])
    return stage.finish(session)


@pytest.mark.promise("P5")
@pytest.mark.promise("P6")
def test_an_entry_leads_to_its_moment(
    stage: Stage, browser: Browser, logged: Session, tmp_path: Path
) -> None:
    """From the list and from the lane; each log was entered in the ledger before it was shown."""
    page = stage.review(browser, "Proctor", logged, viewport={"width": 1440, "height": 900})
    expect(page.locator("[data-lane=activity] [data-entry]")).to_have_count(5)
    expect(page.locator("[data-lane=answers] [data-entry]")).to_have_count(1)
    page.click("#tab-log")
    lines = page.locator(".log-line")
    expect(lines).to_have_count(6)
    expect(lines.nth(2)).to_contain_text("Website: What insurance is")
    expect(lines.nth(4)).to_contain_text("Pasted, 48 characters")
    expect(lines.nth(5)).to_contain_text("Answer to Question 7")
    lines.nth(4).click()
    assert position(page) == int(lines.nth(4).get_attribute("data-ms") or 0)
    mark = page.locator("[data-lane=activity] [data-entry]").nth(1).bounding_box()
    lane = page.locator("[data-lane=activity]").bounding_box()
    assert mark and lane
    page.mouse.click(mark["x"], lane["y"] + 10)
    assert position(page) == int(lines.nth(1).get_attribute("data-ms") or 0)
    for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=str(tmp_path / f"logs-{scheme}-{width}.png"), full_page=True)
    with stage.world.core.db.read() as db:
        views = [entry for entry in ledger(db, logged.id) if entry.action is Action.EVIDENCE_VIEW]
    assert {"activity", "answers"} <= {str(entry.detail["stream"]) for entry in views}
    page.context.close()


def test_a_log_with_nothing_in_it_says_so(stage: Stage, browser: Browser) -> None:
    """Its lane has words, as every other has."""
    session = stage.world.admitted(exam_with_logs(stage.world))
    stage.publish(session, Stream.WEBCAM, files(pieces(VP8, stage.world.clock.unix_ms))[:1])
    page = stage.review(browser, "Proctor", stage.finish(session))
    expect(page.locator("[data-lane=activity]")).to_have_attribute("aria-label", "0 entries")
    assert axe.faults(page) == []
    page.context.close()
