"""The candidate's whole way in Firefox, as in Chromium: webcam, phone and the whole screen, then played."""

import io
from pathlib import Path

import av
import pytest

from tests.e2e.candidate_stage import service
from tests.e2e.test_firefox_publishes import ENDED, RECORDING
from tests.e2e.test_network_cut import line_of
from tests.support.display import SIZE, display
from tests.support.firefox import Firefox, firefox
from tests.support.player import fetch_all
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

RECORDED_MS = 8000
SHARING = "document.querySelector('[data-step=screen][data-sharing=on]')"
PHONE = "document.querySelector('[data-step=phone]:not([hidden]) .address')"


def begin(browser: Firefox, url: str) -> str:
    """From the notice to the recording of all three. The computer's tab is in front; returns the phone's."""
    computer = browser.open(url)
    assert browser.run("return document.querySelector('#browser').hidden"), "the notice says that it lacks"
    browser.click("form.go button")
    browser.wait("document.querySelector('#exam[data-working]')")
    assert browser.run("return document.querySelector('#exam').dataset.unsupported ?? null") is None
    browser.click("#camera-on")
    browser.click('[data-step="camera"][data-camera="on"] [data-next]')
    browser.wait(PHONE)
    phone = browser.open(browser.run(f"return {PHONE}.href"))
    browser.click("#camera-on")
    browser.wait("document.querySelector('[data-camera=on]')")
    browser.show(computer)
    browser.click('[data-step="phone"][data-paired="on"] [data-next]')
    browser.press("#screen-on")
    browser.wait(SHARING)
    browser.click('[data-step="screen"] .when-on [data-next]')
    browser.click('#start[aria-disabled="false"]')
    for tab in (phone, computer):
        browser.show(tab)
        browser.wait(RECORDING)
    return phone


@pytest.mark.promise("P3")
def test_firefox_records_webcam_phone_and_the_whole_screen(service: Service, tmp_path: Path) -> None:
    """Every step, over a display of the test's own. All three streams are stored and decode, and the screen's
    pictures are as large as that display."""
    invited = service.invite("--streams", "webcam,phone,screen")
    session_id = invited["session_id"]
    with display() as screen, firefox(tmp_path / "firefox", screen) as browser:
        phone = begin(browser, invited["candidate_url"])
        browser.run("window.begun = performance.now()")
        browser.wait(f"performance.now() - begun > {RECORDED_MS}")
        browser.click("#stop")
        browser.click("#finish")
        browser.wait(ENDED)
        browser.show(phone)
        browser.wait(ENDED)
    reviewer = service.signed_in("M. Claes", "proctor")
    line = line_of(session_id, reviewer)
    of_stream = {one["stream"]: {**line, "streams": [one]} for one in line["streams"]}
    assert set(of_stream) == {"webcam", "phone", "screen"}
    files = {name: fetch_all(reviewer, session_id, part) for name, part in of_stream.items()}
    assert all(files.values()), {name: len(of) for name, of in files.items()}
    with av.open(io.BytesIO(files["screen"][-1]), "r") as container:
        shown = container.streams.video[0]
        assert (shown.width, shown.height) == SIZE
