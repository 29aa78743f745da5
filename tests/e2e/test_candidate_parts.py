"""A microphone or a camera that goes away while the other goes on: one take, one instruction, and the log."""

import time
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.candidate_stage import Candidate, assert_goes_on, candidate, service, takes_of
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

SOUND_SIGN = '[data-row="webcam"][data-part="sound"] [data-sign]'
PICTURE_SIGN = '[data-row="webcam"][data-part="picture"] [data-sign]'
MUTE = """([kind, muted]) => {
  Object.defineProperty(part(kind), "muted", { value: muted, configurable: true });
  part(kind).dispatchEvent(new Event(muted ? "mute" : "unmute"));
}"""
PATIENCE_S, POLL_MS = 30, 500
PLUGGED_IN = "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
# What the newest connection sends: by kind, whether there is a living track.
WATCH_PEERS = """
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...given) { super(...given); window.peer = this; window.peers = (window.peers ?? 0) + 1; }
};
"""
SENT = """(wanted) => peer.getTransceivers().every(({ sender, receiver }) =>
  wanted[receiver.track.kind] === (sender.track?.readyState === "live"))"""


def begin(someone: Candidate) -> Page:
    """A candidate with camera and microphone who is being recorded."""
    someone.page.add_init_script(WATCH_PEERS)
    someone.admit()
    someone.give_camera()
    someone.start()
    return someone.page


def trouble(page: Page, name: str) -> None:
    """Waits for one instruction, or for none at all."""
    if name:
        page.wait_for_selector(f'[data-trouble="{name}"]:not([hidden])')
    else:
        page.wait_for_selector('[data-step="recording"][data-state="recording"]')
        expect(page.locator("[data-trouble]:visible")).to_have_count(0)


def wait_sent(page: Page, wanted: dict[str, bool]) -> None:
    """Until just these parts are sent."""
    page.wait_for_function(SENT, arg=wanted)


def wait_told(page: Page, reviewer: httpx2.Client, session_id: str, wanted: list[tuple[Any, ...]]) -> None:
    """Until the activity log says exactly this of missing parts; a page sends every few seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while (told := _told(reviewer, session_id)) != wanted:
        assert time.monotonic() < deadline, told
        page.wait_for_timeout(POLL_MS)


def _told(reviewer: httpx2.Client, session_id: str) -> list[tuple[Any, ...]]:
    answer = reviewer.get(f"/sessions/{session_id}/logs/activity.json")
    return [
        (one["type"], one["stream"], one.get("cause"))
        for one in answer.json().get("entries", [])
        if one["type"].endswith(("-missing", "-back"))
    ]


def test_a_lost_microphone_leaves_the_picture(service: Service) -> None:
    """In the same take: the sign says what is missing, one button brings it back, or plugging it in does,
    and a microphone that the system mutes is said too."""
    reviewer = service.signed_in("M. Claes", "proctor")
    with candidate(service, "--streams", "webcam", "--activity-log") as someone:
        page, session_id = begin(someone), someone.invited["session_id"]
        page.evaluate("takeAwayPart('audio')")
        trouble(page, "sound-lost")
        someone.reads(SOUND_SIGN, "no sound: microphone lost")
        someone.reads(PICTURE_SIGN, "recording")
        wait_sent(page, {"audio": False, "video": True})
        page.click("#microphone-again")
        trouble(page, "")
        someone.reads(SOUND_SIGN, "recording")
        wait_sent(page, {"audio": True, "video": True})
        page.evaluate("takeAwayPart('audio')")
        trouble(page, "sound-lost")
        page.evaluate(PLUGGED_IN)
        trouble(page, "")
        page.evaluate(MUTE, ["audio", True])
        trouble(page, "sound-muted")
        someone.reads(SOUND_SIGN, "no sound: microphone muted")
        page.evaluate(MUTE, ["audio", False])
        trouble(page, "")
        assert page.evaluate("peers") == 1, "the connection stays"
        wanted = [
            ("sound-missing", "webcam", "lost"),
            ("sound-back", "webcam", None),
            ("sound-missing", "webcam", "lost"),
            ("sound-back", "webcam", None),
            ("sound-missing", "webcam", "muted"),
            ("sound-back", "webcam", None),
        ]
        wait_told(page, reviewer, session_id, wanted)
        someone.stop()


def test_a_lost_camera_leaves_the_sound(service: Service) -> None:
    """And both gone are a lost device, given again with one button."""
    with candidate(service, "--streams", "webcam") as someone:
        page = begin(someone)
        page.evaluate("takeAwayPart('video')")
        trouble(page, "picture-lost")
        someone.reads(PICTURE_SIGN, "no picture: camera lost")
        wait_sent(page, {"audio": True, "video": False})
        page.click("#picture-again")
        trouble(page, "")
        wait_sent(page, {"audio": True, "video": True})
        page.evaluate("takeAwayPart('audio'); takeAwayPart('video')")
        trouble(page, "camera-lost")
        page.click("#camera-again")
        trouble(page, "")
        assert_goes_on(service, someone, "webcam", "device-lost")


def test_what_cannot_be_stored_is_never_called_a_recording(service: Service) -> None:
    """The server tells that the pictures are of a kind that it cannot store, beside sound that it stores: the
    sign and the instruction say so, and are gone once it stores them."""
    told = {"storable": False}

    def answer(route: Route) -> None:
        status = route.fetch().json()
        status["streams"]["webcam"] |= told
        route.fulfill(json=status)

    with candidate(service, "--streams", "webcam") as someone:
        page = begin(someone)
        page.route("**/status.json", answer)
        trouble(page, "picture-unstorable")
        someone.reads(PICTURE_SIGN, "no picture: cannot be stored")
        someone.reads(SOUND_SIGN, "recording")
        someone.reads("[data-word]", "Part of the recording has stopped")
        told["recording"] = False
        expect(page.locator(SOUND_SIGN)).to_have_class("sign sign-wait")
        someone.reads(PICTURE_SIGN, "no picture: cannot be stored")
        told |= {"storable": True, "recording": True}
        trouble(page, "")
        someone.reads(PICTURE_SIGN, "recording")
        someone.stop()


def test_a_phone_that_loses_its_microphone_says_so(service: Service) -> None:
    """On its own page, and in the log that the computer's page keeps too."""
    reviewer = service.signed_in("M. Claes", "proctor")
    with candidate(service, "--streams", "webcam,phone", "--activity-log") as someone:
        someone.admit()
        someone.give_camera()
        phone = someone.give_phone()
        someone.start()
        phone.wait_for_selector('[data-step="recording"][data-state="recording"]')
        phone.evaluate("takeAwayPart('audio')")
        trouble(phone, "sound-lost")
        assert phone.locator('[data-row="phone"] [data-sign]').inner_text() == "no sound: microphone lost"
        phone.click("#microphone-again")
        trouble(phone, "")
        session_id = someone.invited["session_id"]
        wanted = [("sound-missing", "phone", "lost"), ("sound-back", "phone", None)]
        wait_told(phone, reviewer, session_id, wanted)
        someone.stop()
        phone.wait_for_selector('[data-step="end"]:not([hidden])')
        causes = [take["end_cause"] for take in takes_of(service, session_id, "phone")]
        assert "device-lost" not in causes
