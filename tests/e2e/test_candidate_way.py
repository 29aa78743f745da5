"""A candidate's whole way in a real browser, before the real service: notice to the end of the recording."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.candidate_stage import Candidate, candidate, service, streams_of
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live


@pytest.mark.promise("P1")
@pytest.mark.promise("P2")
@pytest.mark.promise("P3")
def test_from_the_notice_to_the_end(service: Service) -> None:
    """Webcam, phone and screen are recorded from a plain browser; nothing is sent before the start."""
    with candidate(service) as someone:
        sent: list[str] = []
        someone.context.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
        someone.admit()
        someone.give_camera()
        phone = someone.give_phone()
        someone.give_screen()
        assert not [one for one in sent if one.endswith("/whip")]
        someone.start()
        someone.reads('[data-step="recording"] [data-word]', "You are being recorded")
        expect(someone.page.locator("[data-elapsed]")).to_have_text(re.compile("00:00:(0[5-9]|[1-5].)"))
        signs = someone.page.locator('[data-step="recording"] [data-sign]')
        expect(signs, "webcam, microphone, phone, screen").to_have_text(["recording"] * 4)
        someone.stop()
        phone.wait_for_selector('[data-step="end"]:not([hidden])')
        recorded = streams_of(service, someone.invited["session_id"])
        assert {name: one["takes"] for name, one in recorded.items()} == {
            "webcam": 1,
            "phone": 1,
            "screen": 1,
        }
        assert all(one["segments"] >= 1 for one in recorded.values())
        someone.page.click('[data-step="end"] a')
        someone.reads("h1", "Your recording")
        someone.shows("main", "Nobody so far.")


def test_back_keeps_the_devices(service: Service) -> None:
    """Steps are one document: Back shows the step before, and the camera is still on."""
    with candidate(service, "--streams", "webcam,screen") as someone:
        someone.admit()
        someone.give_camera()
        assert someone.page.evaluate("document.activeElement.tagName") == "H1"
        someone.page.go_back()
        someone.page.wait_for_selector('[data-step="camera"]:not([hidden]) [data-next]:visible')
        assert someone.page.evaluate("given.length") == 1
        someone.next("camera")
        someone.give_screen()
        someone.start()
        someone.page.evaluate("history.back()")
        someone.wait_recorded()


def test_an_exam_of_the_phone_alone_is_started_on_the_phone(service: Service) -> None:
    """The computer shows the code; the recording begins when the phone's button is pressed."""
    with candidate(service, "--streams", "phone") as someone:
        someone.admit()
        phone = someone.give_phone()
        assert someone.page.is_hidden("#start")
        phone.click("#start")
        phone.wait_for_selector('[data-step="recording"][data-state="recording"]')
        someone.wait_recorded()
        someone.stop()
        phone.wait_for_selector('[data-step="end"]:not([hidden])')


def test_a_dutch_candidate_reads_dutch_all_the_way(service: Service) -> None:
    """Also what scripts say, and the end of the exam."""
    with candidate(service, "--streams", "webcam", language="nl-BE") as someone:
        someone.admit()
        someone.give_camera()
        someone.reads("#start", "De opname starten")
        someone.start()
        someone.reads('[data-step="recording"] [data-word]', "U wordt opgenomen")
        someone.stop()
        someone.reads('[data-step="end"] h1', "De opname is beëindigd")


def test_the_exam_body_can_end_the_session(service: Service) -> None:
    """The page notices, turns everything off and says so."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        someone.give_camera()
        someone.start()
        service.run("session", "finish", someone.invited["session_id"])
        someone.page.wait_for_selector('[data-step="end"]:not([hidden])')
        assert all_off(someone)


def all_off(someone: Candidate) -> bool:
    """Whether every device that the page was given has been let go."""
    tracks = "given.flatMap(({media}) => media.getTracks())"
    return bool(someone.page.evaluate(f"{tracks}.every((track) => track.readyState === 'ended')"))
