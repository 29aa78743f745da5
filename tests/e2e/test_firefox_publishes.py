"""Firefox as the candidate's browser, on the computer and on the phone: what it sends is stored and plays."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candidate_stage import service
from tests.e2e.test_network_cut import line_of, longest_hole_ms
from tests.support.firefox import Firefox, firefox
from tests.support.player import fetch_all
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

RECORDING = "document.querySelector('[data-step=recording]:not([hidden])')?.dataset.state === 'recording'"
ENDED = "document.querySelector('[data-step=end]:not([hidden])')"
# Keeps hold of what waits for a track's end: Firefox tells of none that a script makes up.
TRACKS_IN_HAND = """window.endings = [];
const real = MediaStreamTrack.prototype.addEventListener;
MediaStreamTrack.prototype.addEventListener = function (name, act, ...more) {
  if (name === "ended") endings.push([this, act]);
  return real.call(this, name, act, ...more);
};"""
TAKE_AWAY = """const living = endings.filter(([track]) => track.readyState === "live");
const mine = living.filter(([track]) => track.kind === arguments[0]);
for (const [track] of mine) track.stop();
for (const [track, act] of mine) act.call(track, new Event("ended"));
return mine.length;"""
PART_S, HOLE_MS_MAX, EDGE_MS_MAX = 4.0, 1_000, 10_000


def begin(browser: Firefox, invited: dict[str, Any]) -> tuple[str, str]:
    """Through the candidate's steps until everything is recorded; the tabs of the computer and the phone."""
    computer = browser.open(invited["candidate_url"])
    browser.click("form.go button")
    browser.wait("document.querySelector('#exam[data-working]')")
    assert browser.run("return document.querySelector('#exam').dataset.unsupported ?? null") is None
    browser.run(TRACKS_IN_HAND)
    browser.click("#camera-on")
    browser.click('[data-step="camera"][data-camera="on"] [data-next]')
    phone = browser.open(_phone_url(browser))
    browser.run(TRACKS_IN_HAND)
    browser.click("#camera-on")
    browser.wait("document.querySelector('[data-camera=on]')")
    browser.show(computer)
    browser.click('[data-step="phone"][data-paired="on"] [data-next]')
    browser.click('#start[aria-disabled="false"]')
    for tab in (phone, computer):
        browser.show(tab)
        browser.wait(RECORDING)
    return computer, phone


def _phone_url(browser: Firefox) -> str:
    browser.wait("document.querySelector('[data-step=phone]:not([hidden])')")
    url: str = browser.run("return document.querySelector('[data-step=phone] .address').href")
    return url


def lose_and_return(browser: Firefox, tab: str, kind: str, trouble: str, button: str) -> None:
    """One part of a stream is gone for PART_S, as the page says, and comes back by its button."""
    browser.show(tab)
    assert browser.run(TAKE_AWAY, kind) == 1
    browser.wait(f"document.querySelector('[data-trouble={trouble}]:not([hidden])')")
    time.sleep(PART_S)
    browser.click(button)
    browser.wait(RECORDING)


def test_firefox_is_recorded_through_the_loss_of_a_part(service: Service, tmp_path: Path) -> None:
    """Webcam and phone: the sound of each goes away and comes back. All that is stored decodes and covers the
    time from the start to the end; no device was lost, and the log says from when to when."""
    invited = service.invite("--streams", "webcam,phone", "--activity-log")
    session_id = invited["session_id"]
    with firefox(tmp_path / "firefox") as browser:
        computer, phone = begin(browser, invited)
        lose_and_return(browser, computer, "audio", "sound-lost", "#microphone-again")
        lose_and_return(browser, phone, "audio", "sound-lost", "#microphone-again")
        browser.show(computer)
        browser.click("#stop")
        browser.click("#finish")
        browser.wait(ENDED)
        browser.wait("document.querySelector('#unsent').hidden")
        browser.show(phone)
        browser.wait(ENDED)
        browser.wait("document.querySelector('#unsent').hidden")
    reviewer = service.signed_in("M. Claes", "proctor")
    line, length_ms = line_of(session_id, reviewer), service.run("session", "show", session_id)["duration_ms"]
    fetch_all(reviewer, session_id, line)
    for stream in line["streams"]:
        assert longest_hole_ms(stream) <= HOLE_MS_MAX, stream["gaps"]
        assert "device-lost" not in [take["end_cause"] for take in stream["takes"]]
        assert min(one["start_ms"] for one in stream["segments"]) < EDGE_MS_MAX
        last = max(one["start_ms"] + one["duration_ms"] for one in stream["segments"])
        assert last > length_ms - EDGE_MS_MAX
    entries = reviewer.get(f"/sessions/{session_id}/logs/activity.json").json()["entries"]
    parts = [(one["type"], one["stream"]) for one in entries if one["type"].startswith("sound-")]
    assert sorted(parts) == [
        (f"sound-{what}", of) for what in ("back", "missing") for of in ("phone", "webcam")
    ]
