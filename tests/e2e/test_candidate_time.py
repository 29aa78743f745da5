"""The candidate's time and words in a real browser: waiting, a soft end, help, a second display."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from proctoring.clock import iso
from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

SECOND_DISPLAY = """() => {
  Object.defineProperty(screen, "isExtended", { value: true, configurable: true });
  screen.dispatchEvent(new Event("change"));
}"""


def scheduled(service: Service, someone: Candidate, *options: str) -> None:
    """Another invitation of the same exam with a schedule, opened in place of the first."""
    exam = someone.invited["exam_id"]
    session = service.run("session", "create", "--exam", exam, "--candidate", "C-2", *options)
    someone.invited |= session
    someone.page.goto(session["candidate_url"])


def test_the_candidate_waits_until_the_start(service: Service) -> None:
    """The button says when; it comes alive by itself, and the recording begins."""
    with candidate(service, "--streams", "webcam") as someone:
        scheduled(service, someone, "--starts-at", iso(datetime.now(UTC) + timedelta(seconds=40)))
        someone.admit()
        someone.give_camera()
        expect(someone.page.locator("#start-missing")).to_contain_text("You can start in 00:00:")
        assert someone.page.get_attribute("#start", "aria-disabled") == "true"
        someone.start()


def test_the_end_comes_with_a_word_and_then_by_itself(service: Service) -> None:
    """Extra time counts; when it is over the page says so, and ends only after the grace."""
    with candidate(service, "--streams", "webcam") as someone:
        began = iso(datetime.now(UTC) - timedelta(minutes=70))
        scheduled(service, someone, "--starts-at", began, "--minutes", "60", "--extra-minutes", "30")
        someone.admit()
        someone.give_camera()
        someone.start()
        expect(someone.page.locator("[data-time-left]").first).to_contain_text(re.compile(r"00:1\d:"))
        scheduled(service, someone, "--starts-at", began, "--minutes", "60")
        someone.admit()
        assert someone.page.get_attribute("#exam", "data-grace-s") == "120"
        someone.page.evaluate("document.querySelector('#exam').dataset.graceS = '6'")
        someone.give_camera()
        someone.page.wait_for_selector('#start[aria-disabled="false"]')
        someone.page.click("#start")
        someone.page.wait_for_selector('[data-time="over"]:not([hidden])')
        someone.shows('[data-time="over"]', "Hand in your exam now.")
        someone.page.wait_for_selector('[data-step="end"]:not([hidden])')
        someone.shows('[data-end="time-over"]', "ended by itself")


def test_help_is_asked_for_and_answered(service: Service) -> None:
    """The words reach the proctor, the answer the candidate; the recording goes on all the time."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        someone.give_camera()
        someone.start()
        someone.page.click("#help summary")
        someone.page.fill("#help-text", "The doorbell rang.")
        someone.page.keyboard.press("Tab")
        someone.page.keyboard.press("Enter")
        expect(someone.page.locator("[data-said]")).to_contain_text("The proctor has not answered yet.")
        proctor = service.signed_in("M. Claes", "proctor")
        session_id = someone.invited["session_id"]
        page = proctor.get(f"/sessions/{session_id}").text
        assert "The doorbell rang." in page
        request_id = page.split('message-form" method="post" action="/help/')[1].split('"')[0]
        proctor.post(f"/help/{request_id}", data={"answer": "Go on, please."})
        expect(someone.page.locator("[data-said]")).to_contain_text("Proctor: Go on, please.")
        someone.page.click("#away")
        someone.page.click("#back")
        someone.page.wait_for_selector("#away:visible")
        someone.wait_recorded()
        flags = proctor.get(f"/sessions/{session_id}/timeline.json").json()["flags"]
        assert [(flag["source"], flag["category"]) for flag in flags] == [
            ("candidate", "other"),
            ("candidate", "left-the-room"),
        ]


def test_a_second_display_is_told_and_never_blocks(service: Service) -> None:
    """Before sharing and while recording: one instruction, and the recording goes on."""
    with candidate(service, "--streams", "screen") as someone:
        someone.admit()
        notice = '[data-step="screen"] [data-second-display]'
        assert someone.page.is_hidden(notice)
        someone.page.evaluate(SECOND_DISPLAY)
        someone.page.wait_for_selector(f"{notice}:not([hidden])")
        someone.shows(notice, "Unplug it")
        someone.give_screen()
        someone.start()
        someone.page.wait_for_selector('[data-trouble="second-display"]:not([hidden])')
        someone.reads("[data-word]", "You are being recorded")
