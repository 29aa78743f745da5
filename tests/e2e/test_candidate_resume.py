"""A reload, a second tab, a second or lost phone: what was interrupted goes on by one button, and no page
takes a stream from another one."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.candidate_stage import Candidate, candidate, service, takes_of, takes_seen
from tests.support.service import Service, wait_until

__all__ = ["service"]

pytestmark = [pytest.mark.live, pytest.mark.promise("P17")]

STORED_S_MAX = 60
RECORDED = '[data-step="recording"][data-state="recording"]'
INTERRUPTED = re.compile(r"^The recording was interrupted at \d\d:\d\d:\d\d$")


def begin(someone: Candidate, *, screen: bool = False) -> None:
    someone.admit()
    someone.give_camera()
    if screen:
        someone.give_screen()
    someone.start()


def reload(page: Page) -> None:
    page.once("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.wait_for_selector("#exam[data-working]")


def causes(service: Service, someone: Candidate, stream: str) -> list[str | None]:
    return [take["end_cause"] for take in takes_of(service, someone.invited["session_id"], stream)]


def is_replaced(service: Service, someone: Candidate, stream: str) -> None:
    """A later take took the place of one, which ends once what it held is stored."""
    session_id = someone.invited["session_id"]
    with closing(service.signed_in(f"{stream} of {session_id}", "proctor")) as reviewer:

        def ended() -> bool:
            takes = takes_seen(reviewer, session_id, stream)
            causes = [take["end_cause"] for take in takes]
            return "replaced" in causes[:-1] and causes[-1] is None

        wait_until(ended, STORED_S_MAX, f"no take of {stream} was replaced by the last one")


def went_on(causes: list[str | None]) -> bool:
    """Whether one take ended with the page's goodbye, and what followed was taken from nobody: the
    next take, and one for what the page had kept."""
    return causes[0] == "stopped" and len(causes) > 1 and "replaced" not in causes


def test_a_reload_goes_on_by_one_button(service: Service) -> None:
    """It says when the recording was interrupted; camera and screen are given again by that button alone."""
    with candidate(service, "--streams", "webcam,screen") as someone:
        begin(someone, screen=True)
        reload(someone.page)
        someone.page.wait_for_selector('[data-step="resume"][data-state="off"]')
        expect(someone.page.locator("[data-interrupted]")).to_have_text(INTERRUPTED)
        assert someone.page.locator("main button:visible").count() == 1
        someone.page.click("#go-on")
        someone.wait_recorded()
        for stream in ("webcam", "screen"):
            assert went_on(causes(service, someone, stream))
        someone.stop()


def test_a_lost_phone_stops_nothing_else(service: Service) -> None:
    """After a reload webcam and screen go on while the phone is not there; the head says what is missing."""
    with candidate(service, "--streams", "webcam,phone") as someone:
        someone.admit()
        someone.give_camera()
        phone = someone.give_phone()
        someone.start()
        phone.close()
        reload(someone.page)
        someone.page.click('[data-step="resume"][data-state="off"] #go-on')
        expect(someone.page.locator('[data-row="webcam"] [data-sign] >> nth=0')).to_have_text("recording")
        someone.page.wait_for_selector('[data-trouble="phone-away"]:not([hidden])')
        someone.reads("[data-word]", "Your phone is not being recorded; the rest goes on")
        assert went_on(causes(service, someone, "webcam"))


def test_a_second_tab_says_that_it_is_recorded_elsewhere(service: Service) -> None:
    """It takes nothing: not as it opens, nor where it was open before the start. Chosen, it goes on, and the
    first one says so and lets its devices go."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        early = someone.open(f"{someone.invited['candidate_url']}/exam")
        early.click("#camera-on")
        early.click('[data-step="camera"] [data-next]:visible')
        first = someone.page
        first.bring_to_front()
        someone.give_camera()
        someone.start()
        early.click('#start[aria-disabled="false"]')
        expect(early.locator('[data-trouble="elsewhere"]')).to_be_visible()
        expect(early.locator("[data-word]")).to_have_text("Recorded elsewhere, not on this page")
        second = someone.open(f"{someone.invited['candidate_url']}/exam")
        second.wait_for_selector('[data-step="resume"][data-state="on"]')
        expect(second.locator("h1:visible")).to_have_text("The exam is being recorded elsewhere")
        expect(first.locator(RECORDED)).to_be_visible()
        assert second.locator('[data-step="resume"]').is_visible(), "neither took anything"
        second.click("#go-on-here")
        expect(first.locator('[data-trouble="elsewhere"]')).to_be_visible()
        assert first.evaluate(
            "given.every(({ tracks }) => tracks.every((one) => one.readyState === 'ended'))"
        )
        second.wait_for_selector('[data-step="recording"][data-state="recording"]')
        is_replaced(service, someone, "webcam")


def test_a_second_phone_asks_which_of_the_two_goes_on(service: Service) -> None:
    """The first one records on meanwhile, in one take; chosen, the second one goes on, and the first asks."""
    with candidate(service, "--streams", "webcam,phone") as someone:
        someone.admit()
        someone.give_camera()
        first = someone.give_phone()
        someone.start()
        second = someone.open(first.url)
        second.click("#camera-on")
        asks = second.locator('[data-trouble="elsewhere"]')
        expect(asks).to_be_visible()
        expect(asks).to_contain_text("Which of the two phones goes on?")
        assert second.locator('[data-row="phone"] [data-sign]').inner_text() == "not recorded"
        assert first.locator('[data-row="phone"] [data-sign]').inner_text() == "recording"
        second.click("#here-instead")
        second.wait_for_selector('[data-step="recording"][data-state="recording"]')
        expect(first.locator('[data-trouble="elsewhere"]')).to_be_visible()
        is_replaced(service, someone, "phone")
        assert "replaced" not in causes(service, someone, "webcam")
