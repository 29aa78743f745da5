"""One recording's whole life in real browsers: candidate, reviewer, second person, purge, candidate again."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import av
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.e2e.plays import three_streams_play
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

DUE = ("--at", "2099-01-01T00:00:00Z")
LONG_ENOUGH = re.compile(r"00:00:(0[89]|[1-5]\d)")
REASONS = "A text file with a summary was open over question 9."


def record(someone: Candidate) -> str:
    """The candidate's way from the notice to the end; the session's id."""
    someone.admit()
    someone.give_camera()
    someone.give_phone()
    someone.give_screen()
    someone.start()
    expect(someone.page.locator("[data-elapsed]")).to_have_text(LONG_ENOUGH, timeout=30_000)
    someone.stop()
    session_id: str = someone.invited["session_id"]
    return session_id


@contextmanager
def staff(browser: Browser, service: Service, name: str, role: str) -> Iterator[Page]:
    """A staff member's own browser, signed in by their one-time link."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(service.sign_in_url(name, role))
    page.click("form.go button")
    page.wait_for_selector(".bar")
    yield page
    context.close()


def flag_and_decide(page: Page) -> None:
    """Flags this moment, confirms the flag, decides an incident."""
    page.keyboard.press("m")
    page.fill("#flag-dialog textarea", "Look at the lower right.")
    page.click("#flag-dialog .btn-main")
    page.wait_for_selector("li.flag")
    page.click("li.flag .flag-line")
    page.click("li.flag button[value=confirmed]")
    page.wait_for_selector("li.flag.is-done")
    page.check("input[name=outcome][value=incident]")
    page.select_option("#decision [name=category]", "unauthorised-aid")
    page.select_option("#decision [name=severity]", "major")
    page.fill("#reasons", REASONS)
    page.click("#decision button:has-text('Send to a second person')")
    page.wait_for_load_state()


def decode_errors(data: bytes) -> int:
    """Errors FFmpeg meets in a segment; pictures must come out of it."""
    errors = pictures = 0
    with av.open(io.BytesIO(data), "r") as container:
        for packet in container.demux(video=0):
            try:
                pictures += len(packet.decode())
            except av.FFmpegError:
                errors += 1
    assert pictures
    return errors


@pytest.mark.promise("P7")
@pytest.mark.promise("P8")
@pytest.mark.promise("P17")
def test_recorded_reviewed_held_released_erased(service: Service) -> None:
    """Candidate page → recording → review → incident → the hold survives a purge → release → purge →
    certificate → 404, and the candidate reads each of it on their own page."""
    with candidate(service) as someone:
        session_id = record(someone)
        browser = someone.context.browser
        assert browser is not None
        reviewer = staff(browser, service, "M. Claes", "proctor")
        second = staff(browser, service, "T. Peeters", "proctor")
        with reviewer as claes, second as peeters:
            claes.goto(f"{service.url}/queue")
            claes.click(f"form[action*='{session_id}'] button")
            claes.wait_for_selector("#decision")
            three_streams_play(claes)
            line = claes.request.get(f"{service.url}/sessions/{session_id}/timeline.json").json()
            urls = [
                f"{service.url}/media/{session_id}/{stream['stream']}/{segment['n']}"
                for stream in line["streams"]
                for segment in stream["segments"]
            ]
            assert len(urls) >= 3
            assert sum(decode_errors(claes.request.get(url).body()) for url in urls) == 0
            flag_and_decide(claes)

            stays = service.run("purge", *DUE)
            assert {unit["fate"] for unit in stays["units"]} == {"stays"}
            assert all("held: incident" in unit["why"] for unit in stays["units"])
            assert claes.request.get(urls[0]).status == 200

            peeters.goto(f"{service.url}/incidents")
            peeters.click("a:has-text('Look and answer')")
            three_streams_play(peeters)
            peeters.click("button[value=agree]")
            peeters.wait_for_load_state()
            someone.page.goto(f"{someone.invited['candidate_url']}/recording")
            someone.shows("main", REASONS)
            peeters.goto(f"{service.url}/incidents")
            peeters.click("button:has-text('Close and release')")
            peeters.wait_for_load_state()

            gone = service.run("purge", *DUE)
            assert gone["erased"] == 3
            assert [claes.request.get(url).status for url in urls] == [404] * len(urls)
            certificate = next(unit["certificate"] for unit in gone["units"] if unit["kind"] == "webcam")
            told = claes.request.get(f"{service.url}/media/{session_id}/webcam/0")
            assert f"/certificates/{certificate}" in told.text()
        with staff(browser, service, "Privacy officer", "privacy-officer") as officer:
            officer.goto(f"{service.url}/certificates/{certificate}")
            expect(officer.locator("main")).to_contain_text(certificate)
        someone.page.reload()
        expect(someone.page.locator("main")).to_contain_text("Erased")
        assert service.run("ledger", "verify")["ok"]
        assert someone.troubles == []
