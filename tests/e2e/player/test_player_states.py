"""Recordings that are not simply there: live, erased, altered, out of reach, with other tracks."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.access.model import Role
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.model import Session
from storage.objects.naming import unit_prefix
from tests.e2e.player.screen import LEAD_MS, at, position, seek, wait_for_pictures
from tests.e2e.player.stage import H264, VP8_SILENT, Stage, served, shown_clocks
from tests.support.world import World

pytestmark = pytest.mark.live


def test_a_lost_connection_is_said_and_passes(page: Page) -> None:
    """While no segment can be had the views say so; when it can again, the pictures come by themselves."""
    page.route("**/media/**", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("#player[data-ready]")
    expect(page.locator("[data-stream=screen] .nothing-what")).to_have_text("The connection is away.")
    expect(page.locator("[data-stream=screen] .nothing-why")).to_have_text("Trying again by itself.")
    page.unroute("**/media/**")
    wait_for_pictures(page, "screen", "webcam", "phone")
    expect(page.locator("[data-stream=screen].is-empty")).to_have_count(0)


def test_a_take_without_sound_goes_on_after_one_with_sound(stage: Stage, browser: Browser) -> None:
    """A buffer never changes its tracks, so the stream gets a new one; the pictures go on all the same."""
    recorded = stage.world.admitted()
    began_ms = stage.world.clock.unix_ms
    stage.take(recorded, Stream.WEBCAM, H264, 0, 4000, EndCause.REPLACED)
    stage.take(recorded, Stream.WEBCAM, VP8_SILENT, 4000, 8000)
    stage.finish(recorded)
    page = stage.review(browser, "Proctor", recorded)
    seek(page, at(2500))
    wait_for_pictures(page, "webcam")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(6000))
    clock = shown_clocks(page)["webcam"]
    assert clock is not None
    assert abs(clock - began_ms - position(page) + LEAD_MS) < 500
    page.context.close()


def test_a_live_session_goes_on(stage: Stage, browser: Browser) -> None:
    """It opens playing at the newest moment, waits there in words, and plays what arrives."""
    recorded = stage.world.admitted()
    stage.take(recorded, Stream.WEBCAM, H264, 0, 4000, cause=None)
    page = stage.review(browser, "Proctor", recorded)
    expect(page.locator("[data-do=live]")).to_be_visible()
    page.wait_for_function("window.review.conductor.playing")
    expect(page.locator("[data-stream=webcam] .nothing-what")).to_have_text("Waiting for the next piece …")
    stage.take(recorded, Stream.WEBCAM, H264, 4000, 8000, cause=None)
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(5000))
    wait_for_pictures(page, "webcam")
    page.context.close()


def test_an_erased_recording_says_so(stage: Stage, browser: Browser) -> None:
    """After erasure the page opens, every view says what happened, and the certificate is one click away."""
    recorded = stage.world.ended()
    stage.world.clock.move(days=200)
    stage.world.eraser.run()
    stage.hire("Later", Role.PROCTOR)
    page = stage.review(browser, "Later", recorded)
    expect(page.locator("[data-stream=webcam] .nothing-what")).to_have_text("Erased")
    page.locator(".case-word a").first.click()
    expect(page.locator("h1")).to_have_text("Erasure certificate")
    page.context.close()


def test_a_piece_that_was_altered_is_not_shown(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    """What does not open as it was sealed is refused with the reason, in the view."""
    world = World(tmp_path)
    other = Stage(world)
    other.hire("Proctor", Role.PROCTOR)
    with served(other):
        recorded = other.session()
        for unit in {stream.unit_id for stream in timeline_of(world, recorded)}:
            for stored in list(world.objects.versions(unit_prefix(unit))):
                data = world.objects.get(stored.key)
                world.objects.delete([stored])
                world.objects.put(stored.key, data[:-1] + bytes([data[-1] ^ 1]))
        page = other.review(browser, "Proctor", recorded)
        expect(page.locator("[data-stream=webcam] .nothing-what")).to_contain_text("altered")
        page.context.close()
    world.core.db.close()


def timeline_of(world: World, session: Session) -> tuple[StreamTimeline, ...]:
    with world.core.db.read() as db:
        return timeline(db, session.id).streams
