"""A candidate in headless Chromium with made-up devices, in front of the real service."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.browser import chromium_path
from tests.support.service import DEV, Service

BASE_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]
ALLOW_ALL = "--use-fake-ui-for-media-stream"
WAIT_MS = 60_000

# Keeps hold of what the page was given, so that a test can take it away as a cable or a browser would.
DEVICES_IN_HAND = """
window.given = [];
// The browser's own page for an error has no devices.
for (const name of navigator.mediaDevices ? ["getUserMedia", "getDisplayMedia"] : []) {
  const real = navigator.mediaDevices[name].bind(navigator.mediaDevices);
  navigator.mediaDevices[name] = async (wanted) => {
    const media = await real(wanted);
    window.given.push({ name, media, tracks: media.getTracks() });
    return media;
  };
}
window.takeAway = (name) => {
  const { media } = window.given.findLast((one) => one.name === name);
  for (const track of media.getTracks()) { track.stop(); track.dispatchEvent(new Event("ended")); }
};
// One part of the camera, "audio" or "video", as it was given last.
window.part = (kind) => {
  const cameras = given.filter((one) => one.name === "getUserMedia");
  return cameras.flatMap((one) => one.tracks).findLast((track) => track.kind === kind);
};
window.takeAwayPart = (kind) => { part(kind).stop(); part(kind).dispatchEvent(new Event("ended")); };
"""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service over a fresh data folder."""
    started = Service(tmp_path / "data", DEV).start()
    yield started
    started.stop()


@contextmanager
def chromium(*, allow: bool = True) -> Iterator[Browser]:
    """A browser that allows every device, or asks as browsers do. Skips where there is none."""
    path = chromium_path()
    with sync_playwright() as playwright:
        args = [*BASE_ARGS, ALLOW_ALL] if allow else BASE_ARGS
        browser = playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        browser.close()


@dataclass
class Candidate:
    """One candidate's computer and, where the exam wants one, phone."""

    context: BrowserContext
    invited: dict[str, Any]
    page: Page = field(init=False)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(WAIT_MS)
        self.page = self.open(self.invited["candidate_url"])

    def open(self, url: str) -> Page:
        """Another page of this candidate; what goes wrong in it is noted."""
        page = self.context.new_page()
        page.add_init_script(DEVICES_IN_HAND)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._note)
        page.goto(url)
        return page

    def _note(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.troubles.append(message.text)

    def admit(self) -> None:
        """Past the notice."""
        self.page.click("form.go button")
        self.page.wait_for_selector("#exam[data-working]")

    def give_camera(self) -> None:
        self.page.click("#camera-on")
        self.page.wait_for_selector('[data-camera="on"]')
        self.next("camera")

    def give_card(self) -> None:
        self.take_card()
        self.cover_card()
        self.send_card()
        self.next("identity")

    def take_card(self) -> None:
        self.page.click("[data-card-on]")
        self.page.wait_for_selector('[data-card="live"]')
        self.page.click("[data-card-take]")

    def cover_card(self) -> None:
        """Covers a place by drawing."""
        box = self.page.locator("[data-card-picture]").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
        self.page.mouse.up()

    def send_card(self) -> None:
        self.page.click('[data-card-send][aria-disabled="false"]')
        self.page.wait_for_selector('[data-card="sent"]')

    def give_phone(self) -> Page:
        """Follows the code to the phone's page and turns the camera on there."""
        phone = self.open(self.page.get_attribute('[data-step="phone"] .address', "href") or "")
        phone.click("#camera-on")
        phone.wait_for_selector('[data-camera="on"]')
        self.page.bring_to_front()
        self.page.wait_for_selector('[data-paired="on"]')
        self.next("phone")
        return phone

    def give_screen(self) -> None:
        self.page.click("#screen-on")
        self.page.wait_for_selector('[data-sharing="on"]')
        self.next("screen")

    def next(self, step: str) -> None:
        self.page.click(f'[data-step="{step}"] [data-next]:visible')

    def start(self) -> None:
        """Presses start and waits until the page says that everything is being recorded."""
        self.page.wait_for_selector('#start[aria-disabled="false"]')
        self.page.click("#start")
        self.wait_recorded()

    def go_on(self) -> None:
        """After an interruption, by its one button."""
        self.page.click('[data-step="resume"][data-state="off"] #go-on')
        self.wait_recorded()

    def wait_recorded(self) -> None:
        self.page.wait_for_selector('[data-step="recording"][data-state="recording"]')

    def stop(self) -> None:
        """Stops and leaves, through the question whether that is meant."""
        self.page.click("#stop")
        self.page.click("#finish")
        self.page.wait_for_selector('[data-step="end"]:not([hidden])')

    def says(self, selector: str) -> str:
        """The visible words of an element now."""
        return self.page.locator(selector).inner_text()

    def shows(self, selector: str, words: str) -> None:
        """Waits until these are among the visible words of an element."""
        expect(self.page.locator(selector)).to_contain_text(words, use_inner_text=True)

    def reads(self, selector: str, words: str) -> None:
        """Waits until these are the visible words of an element, all of them."""
        expect(self.page.locator(selector)).to_have_text(words, use_inner_text=True)


@contextmanager
def candidate(
    service: Service, *exam_options: str, allow: bool = True, language: str = "en"
) -> Iterator[Candidate]:
    """An invited candidate with the notice open. Fails when a page threw or broke the security policy."""
    with chromium(allow=allow) as browser:
        context = browser.new_context(locale=language)
        made = Candidate(context, service.invite(*exam_options))
        yield made
        context.close()
        assert made.troubles == [], made.troubles


def streams_of(service: Service, session_id: str) -> dict[str, dict[str, Any]]:
    """What `proctoring session show` says of each stream."""
    shown = service.run("session", "show", session_id)
    return {stream["stream"]: stream for stream in shown["streams"]}


def takes_of(service: Service, session_id: str, stream: str) -> list[dict[str, Any]]:
    """The takes of one stream as a reviewer's time line has them."""
    with closing(service.signed_in(f"{stream} of {session_id}", "proctor")) as reviewer:
        return takes_seen(reviewer, session_id, stream)


def takes_seen(reviewer: httpx2.Client, session_id: str, stream: str) -> list[dict[str, Any]]:
    """The same, by a reviewer who is signed in already."""
    line = reviewer.get(f"/sessions/{session_id}/timeline.json").json()
    return next(one["takes"] for one in line["streams"] if one["stream"] == stream)


def assert_goes_on(service: Service, someone: Candidate, stream: str, cause: str) -> None:
    """One take ended for this cause. The next one runs, and perhaps one for what the page had kept."""
    first, *others = [take["end_cause"] for take in takes_of(service, someone.invited["session_id"], stream)]
    assert first == cause
    assert others
    assert set(others) == {None}
