"""Failures at a candidate's desk, and the one instruction for each."""

import sys
from pathlib import Path

import pytest

from proctoring.exams.model import LANGUAGES
from tests.e2e.candidate_stage import assert_goes_on, candidate, service, takes_of
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

REFUSE_ONCE = """
(name) => {
  const real = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = () => {
    navigator.mediaDevices.getUserMedia = real;
    return Promise.reject(new DOMException("made up", name));
  };
}
"""
SHARE_A_WINDOW_ONCE = """
() => {
  const real = navigator.mediaDevices.getDisplayMedia;
  navigator.mediaDevices.getDisplayMedia = async (wanted) => {
    navigator.mediaDevices.getDisplayMedia = real;
    const media = await real.call(navigator.mediaDevices, wanted);
    media.getVideoTracks()[0].getSettings = () => ({ displaySurface: "window" });
    return media;
  };
}
"""


FILLED_BY_A_FILE = """
from capture.spool.files import SpoolFiles
free_bytes = SpoolFiles.disk_free_bytes
SpoolFiles.disk_free_bytes = lambda files: 0 if (files._root / "full").exists() else free_bytes(files)
from proctoring.cli import main
main()
"""


def test_a_blocked_permission_says_how_to_allow_it(service: Service) -> None:
    """A browser that refuses by itself: the instruction names the sign in the address bar."""
    with candidate(service, "--streams", "webcam", allow=False) as someone:
        session = someone.context.new_cdp_session(someone.page)
        for name in ("camera", "microphone"):
            denied = {"permission": {"name": name}, "setting": "denied"}
            session.send("Browser.setPermission", denied)
        someone.admit()
        someone.page.click("#camera-on")
        someone.page.wait_for_selector("#camera-failed:not([hidden])")
        someone.shows("#camera-failed", "camera sign in the address bar")
        assert someone.page.is_visible("#camera-on"), "the way to try again"


@pytest.mark.parametrize(
    ("name", "instruction"),
    [
        ("NotFoundError", "Plug one in"),
        ("NotReadableError", "Close that program"),
        ("TypeError", "Restart the browser"),
    ],
)
def test_each_device_failure_has_its_own_instruction(service: Service, name: str, instruction: str) -> None:
    """No device, device in use, anything else; trying again works and clears the message."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        someone.page.evaluate(REFUSE_ONCE, name)
        someone.page.click("#camera-on")
        someone.page.wait_for_selector("#camera-failed:not([hidden])")
        someone.shows("#camera-failed", instruction)
        someone.give_camera()
        assert someone.page.is_hidden("#camera-failed")


@pytest.mark.promise("P3")
def test_a_window_instead_of_the_screen_is_refused(service: Service) -> None:
    """Only a monitor is taken; the window is let go at once and the button to press is named."""
    with candidate(service, "--streams", "screen") as someone:
        someone.admit()
        someone.page.evaluate(SHARE_A_WINDOW_ONCE)
        someone.page.click("#screen-on")
        someone.page.wait_for_selector("#screen-failed:not([hidden])")
        someone.shows("#screen-failed", "choose “Entire screen” and then Share")
        assert someone.page.evaluate(
            "given[0].media.getTracks().every((track) => track.readyState === 'ended')"
        )
        someone.give_screen()
        someone.start()


def test_a_browser_that_cannot_is_told_which_can(service: Service) -> None:
    """Instead of steps that lead nowhere."""
    with candidate(service, "--streams", "screen") as someone:
        someone.page.add_init_script("delete window.RTCPeerConnection")
        someone.page.click("form.go button")
        someone.page.wait_for_selector("#exam[data-unsupported] .unsupported:visible")
        someone.shows(".unsupported", "Chrome, Edge or Firefox")
        assert someone.page.is_hidden('[data-step="screen"]')


LACKS = {
    "camera": "delete window.RTCPeerConnection",
    "codec": "RTCRtpSender.getCapabilities = () => ({ codecs: [{ mimeType: 'video/AV1' }] })",
    "screen": "delete MediaDevices.prototype.getDisplayMedia",
    "buffer": "delete window.MediaRecorder",
}
ASKED = """for (const name of ["getUserMedia", "getDisplayMedia"]) {
  if (navigator.mediaDevices?.[name]) navigator.mediaDevices[name] = () => { window.asked = name; };
}"""


NAMES = "(all) => all.map((one) => one.dataset.lack)"


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_says_what_this_browser_cannot_do(service: Service, language: str) -> None:
    """Before anything is asked for, each lack in words of the candidate's language, and which browser can; a
    browser that can do all is told nothing."""
    with candidate(service, language=language) as someone:
        home = someone.page.url
        assert someone.page.is_hidden("#browser")
        for lack, act in LACKS.items():
            page = someone.context.new_page()
            page.add_init_script(f"{act}\n{ASKED}")
            page.goto(home)
            page.wait_for_selector("#browser:visible")
            shown = page.eval_on_selector_all(
                "[data-lack]:not([hidden])", "all => all.map((one) => one.dataset.lack)"
            )
            assert shown == [lack]
            assert page.is_visible("[data-instead]") == (lack != "buffer")
            assert page.evaluate("window.asked ?? null") is None
            page.close()


SHAPES = (
    # picture, screen in the device's pixels, whether it is that screen scaled to 1920 x 1200 at most
    ((1920, 1080), (1920, 1080), True),
    ((1920, 1080), (3840, 2160), True),
    ((1918, 1078), (1920, 1080), True),
    ((1920, 1200), (2560, 1600), True),
    ((1280, 800), (1280, 800), True),
    ((1920, 1040), (1920, 1080), False),  # a window over all but the task bar
    ((1852, 1080), (1920, 1080), False),  # beside a dock
    ((960, 540), (1920, 1080), False),  # a small window of the same shape
    ((1920, 1080), (1080, 1920), False),
    ((0, 0), (1920, 1080), False),  # no picture came
)
SHAPED = """async ([picture, screen]) => {
  const { hasShapeOf } = await import("/static/candidate/devices/whole-screen.js");
  return hasShapeOf(...picture, ...screen, { width: 1920, height: 1200 });
}"""


@pytest.mark.promise("P3")
def test_a_picture_says_what_is_shared_where_the_browser_does_not(service: Service) -> None:
    """The whole screen has its shape and size; a window, even the largest that leaves a task bar, has not."""
    with candidate(service) as someone:
        for picture, screen, whole in SHAPES:
            assert someone.page.evaluate(SHAPED, [picture, screen]) == whole, (picture, screen)


UNTOLD = """const told = MediaStreamTrack.prototype.getSettings;
MediaStreamTrack.prototype.getSettings = function () {
  const { displaySurface, ...settings } = told.call(this);
  return settings;
};"""


@pytest.mark.promise("P3")
def test_a_screen_of_another_shape_is_refused_where_nothing_is_said(service: Service) -> None:
    """The whole screen is asked for again, with the one instruction, and nothing of it is kept."""
    with candidate(service, "--streams", "screen") as someone:
        someone.page.add_init_script(f"{UNTOLD}\nObject.defineProperty(screen, 'height', {{ value: 333 }});")
        someone.admit()
        someone.page.click("#screen-on")
        someone.page.wait_for_selector("#screen-failed:visible")
        someone.shows("#screen-failed", "Entire screen")
        assert someone.page.evaluate("given.at(-1).tracks.every((track) => track.readyState === 'ended')")


def test_sharing_that_ended_is_resumed_by_one_click(service: Service) -> None:
    """The rest goes on; the screen comes back as a new take, and the first one's end says why."""
    with candidate(service, "--streams", "webcam,screen") as someone:
        someone.admit()
        someone.give_camera()
        someone.give_screen()
        someone.start()
        someone.page.evaluate("takeAway('getDisplayMedia')")
        someone.page.wait_for_selector('[data-trouble="screen-ended"]:not([hidden])')
        someone.shows('[data-trouble="screen-ended"]', "Press the button and choose “Entire screen” again.")
        someone.reads('[data-row="screen"] [data-sign]', "not recorded")
        someone.reads('[data-row="webcam"] [data-sign] >> nth=0', "recording")
        someone.page.click("#screen-again")
        someone.wait_recorded()
        assert_goes_on(service, someone, "screen", "sharing-ended")
        assert len(takes_of(service, someone.invited["session_id"], "webcam")) == 1


def test_a_camera_that_was_unplugged_can_be_given_again(service: Service) -> None:
    """One instruction, one button, a new take; put down to the device."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        someone.give_camera()
        someone.start()
        someone.page.evaluate("takeAway('getUserMedia')")
        someone.page.wait_for_selector('[data-trouble="camera-lost"]:not([hidden])')
        someone.page.click("#camera-again")
        someone.wait_recorded()
        assert_goes_on(service, someone, "webcam", "device-lost")


def test_a_server_that_went_away_is_found_again(service: Service) -> None:
    """Killed while recording: the page says to go on working, and records again when it is back."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        someone.give_camera()
        someone.start()
        service.kill()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        someone.shows("[data-word]", "please go on working")
        someone.shows("[data-net]", "never held against you")
        service.start()
        someone.wait_recorded()
        assert_goes_on(service, someone, "webcam", "server-stopped")


def test_a_token_that_is_no_longer_good_asks_for_the_invitation(service: Service) -> None:
    """A refusal is not tried again for ever."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.context.route(
            "**/whip?*",
            lambda route: route.fulfill(
                status=401, json={"title": "Token refused", "detail": "Expired.", "remedy": ""}
            ),
        )
        someone.admit()
        someone.give_camera()
        someone.page.click("#start")
        someone.page.wait_for_selector('[data-trouble="refused"]:not([hidden])')
        someone.shows('[data-trouble="refused"]', "Open your invitation again.")


def test_a_server_that_can_keep_nothing_is_said_so_and_recovers(tmp_path: Path) -> None:
    """A full disk is no good recording, and no lost connection either: the page says what it is. With
    room again the same take goes on."""
    service = Service(tmp_path / "data", command=[sys.executable, "-c", FILLED_BY_A_FILE, "serve"]).start()
    try:
        with candidate(service, "--streams", "webcam") as someone:
            someone.admit()
            someone.give_camera()
            someone.start()
            full = service.data / "spool" / "full"
            full.touch()
            someone.page.wait_for_selector('[data-step="recording"][data-state="unkept"]')
            someone.shows("[data-word]", "cannot store the recording now")
            someone.reads('[data-row="webcam"] [data-sign] >> nth=0', "waits for our server")
            someone.shows("[data-net]", "kept on this device too")
            full.unlink()
            someone.wait_recorded()
            someone.reads("[data-word]", "You are being recorded")
            webcam = takes_of(service, someone.invited["session_id"], "webcam")
            assert {take["end_cause"] for take in webcam} == {None}
    finally:
        service.stop()
