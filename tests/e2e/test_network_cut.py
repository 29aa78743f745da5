"""The network goes away while a candidate is recorded: what was recorded meanwhile arrives late.

PROCTORING_TEST_CUT_S sets the length of the cut in seconds (15); 30 and 300 are the long ones, by hand.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Error, Page

from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.e2e.test_whole_life import staff
from tests.support.network import Network
from tests.support.player import fetch_all
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

CUT_S = float(os.environ.get("PROCTORING_TEST_CUT_S", "15"))
BEFORE_MS = 6_000  # so that each stream has a whole segment
GAP_MS_MAX = 1_000
UPLOADED_S_MAX = 90
HOLE_S_MAX = 0.3
PASTED = [1, 2, 3]
PASTE = """(words) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text", words);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""
SEEK = """(ms) => {
  const scrub = document.querySelector(".scrub");
  scrub.value = ms;
  scrub.dispatchEvent(new Event("input"));
}"""
LONGEST_HOLE_S = """([from, to]) => {
  let longest = 0;
  for (const { buffered } of document.querySelectorAll("video")) {
    let at = from;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.end(i) < at || buffered.start(i) > to) continue;
      longest = Math.max(longest, buffered.start(i) - at);
      at = Math.max(at, buffered.end(i));
    }
    longest = Math.max(longest, to - at);
  }
  return longest;
}"""
HELD_MIN, LATE_MS_MIN = 3, 5_000  # pieces of four seconds, of which the first may be stored already
POLL_MS = 500
HELD_BY_PAGE = """async () => {
  const open = indexedDB.open("proctoring-buffer");
  const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
  const count = database.transaction("pieces").objectStore("pieces").count();
  const held = await new Promise((resolve) => (count.onsuccess = () => resolve(count.result)));
  database.close();
  return held;
}"""


@contextmanager
def behind_a_network(service: Service, *options: str) -> Iterator[tuple[Candidate, Network]]:
    """A candidate who is being recorded, all of whose traffic can be cut."""
    network = Network()
    with candidate(service, *options) as someone:
        network.lead(someone.context)
        try:
            someone.admit()
            someone.give_camera()
            if "screen" in options[1]:
                someone.give_screen()
            someone.start()
            yield someone, network
        finally:
            network.close()


def line_of(session_id: str, reviewer: httpx2.Client) -> dict[str, Any]:
    line: dict[str, Any] = reviewer.get(f"/sessions/{session_id}/timeline.json").json()
    return line


def recorded_ms(line: dict[str, Any], late: bool) -> dict[str, int]:
    """How much each stream has, of what came late or of what did not."""
    return {
        stream["stream"]: sum(one["duration_ms"] for one in stream["segments"] if one["late"] is late)
        for stream in line["streams"]
    }


def longest_hole_ms(stream: dict[str, Any]) -> int:
    """The longest stretch between the first and the last segment that none covers."""
    ordered = sorted(stream["segments"], key=lambda one: one["start_ms"])
    holes = [
        after["start_ms"] - before["start_ms"] - before["duration_ms"] for before, after in pairwise(ordered)
    ]
    # No instant has two segments.
    assert min(holes, default=0) >= 0
    return max(holes, default=0)


def lacking(line: dict[str, Any], streams: int, late_ms_min: float) -> list[str]:
    """What is not there: a stream, what was recorded during the cut and marked as late, an end of a gap."""
    late = recorded_ms(line, late=True)
    lacks = [] if len(late) == streams else [f"only the streams {list(late)}"]
    for stream in line["streams"]:
        name = stream["stream"]
        if late[name] < late_ms_min:
            lacks.append(f"{name}: {late[name]} ms are late, not {late_ms_min:.0f}")
        if longest_hole_ms(stream) > GAP_MS_MAX:
            lacks.append(f"{name}: a hole of {longest_hole_ms(stream)} ms")
        for gap in stream["gaps"]:
            if gap["end_ms"] is None or gap["end_ms"] - gap["start_ms"] > GAP_MS_MAX:
                lacks.append(f"{name}: a gap {gap}")
    return lacks


def wait_for_all(
    someone: Candidate, session_id: str, reviewer: httpx2.Client, streams: int, late_ms_min: float
) -> dict[str, Any]:
    """The time line once it lacks nothing. Fails with what it lacks."""
    deadline = time.monotonic() + UPLOADED_S_MAX
    while lacks := lacking(line := line_of(session_id, reviewer), streams, late_ms_min):
        assert time.monotonic() < deadline, (
            f"{lacks}; the page holds {someone.page.evaluate(HELD_BY_PAGE)} pieces"
        )
        someone.page.wait_for_timeout(POLL_MS)
    return line


def plays_through(page: Page, from_ms: int, to_ms: int) -> None:
    """Every stream plays from one moment of the session to another, without a hole in what is buffered."""
    shown = "() => [...document.querySelectorAll('video')].every(one => one.readyState >= 2)"
    page.wait_for_function(shown)  # before that the player may not listen yet
    page.evaluate(SEEK, from_ms)
    page.keyboard.press("Space")
    there = "to => [...document.querySelectorAll('video')].every(one => one.currentTime * 1000 >= to)"
    page.wait_for_function(there, arg=to_ms, timeout=60_000)
    page.keyboard.press("Space")
    assert page.evaluate(LONGEST_HOLE_S, [from_ms / 1000, to_ms / 1000]) < HOLE_S_MAX


@pytest.mark.timeout(600 + 2 * CUT_S)
def test_a_cut_network_leaves_no_gap(service: Service) -> None:
    """After reconnecting and uploading no gap is longer than a second, what is late is marked so, every
    segment decodes, and nothing is left on the candidate's device once the exam is over."""
    reviewer = service.signed_in("M. Claes", "proctor")
    with behind_a_network(service, "--streams", "webcam,screen") as (someone, network):
        session_id = someone.invited["session_id"]
        someone.page.wait_for_timeout(BEFORE_MS)
        network.cut()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        someone.shows("[data-net]", "kept on this device")
        someone.page.wait_for_timeout(CUT_S * 1_000)
        network.mend()
        someone.wait_recorded()
        wait_for_all(someone, session_id, reviewer, 2, (CUT_S - 2) * 1_000)
        someone.stop()
        someone.page.wait_for_selector("#unsent", state="hidden")
        assert someone.page.evaluate(HELD_BY_PAGE) == 0
        line = line_of(session_id, reviewer)
        assert [stream["state"] for stream in line["streams"]] == ["retained"] * 2
        fetch_all(reviewer, session_id, line)
        browser = someone.context.browser
        assert browser is not None
        with staff(browser, service, "T. Peeters", "proctor") as player:
            player.goto(f"{service.url}/queue")
            player.click(f"form[action*='{session_id}'] button")
            player.wait_for_selector("#decision")
            late = [one for one in line["streams"][0]["segments"] if one["late"]]
            begin = min(one["start_ms"] for one in late)
            end = max(one["start_ms"] + one["duration_ms"] for one in late)
            plays_through(player, begin - 1_000, begin + 1_000)
            plays_through(player, end - 1_000, end + 1_000)


def test_a_killed_server_loses_nothing_for_long(service: Service) -> None:
    """SIGKILL takes the open segment of every stream; the page still has it, and sends it afterwards."""
    with candidate(service, "--streams", "webcam,screen") as someone:
        session_id = someone.invited["session_id"]
        someone.admit()
        someone.give_camera()
        someone.give_screen()
        someone.start()
        someone.page.wait_for_timeout(BEFORE_MS)
        service.kill()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        service.start()
        someone.wait_recorded()
        reviewer = service.signed_in("M. Claes", "proctor")
        line = wait_for_all(someone, session_id, reviewer, 2, 1)
        for stream in line["streams"]:
            assert stream["takes"][0]["end_cause"] == "server-stopped"
        fetch_all(reviewer, session_id, line)
        assert service.run("ledger", "verify")["ok"]


def test_a_reload_keeps_what_was_recorded_and_goes_on(service: Service) -> None:
    """Also while the network is away: what the page had recorded and logged is found again, and sent once."""
    reviewer = service.signed_in("M. Claes", "proctor")
    with behind_a_network(service, "--streams", "webcam", "--activity-log") as (someone, network):
        session_id = someone.invited["session_id"]
        network.cut()
        for chars in PASTED:
            someone.page.evaluate(PASTE, "x" * chars)
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        while someone.page.evaluate(HELD_BY_PAGE) < HELD_MIN:
            someone.page.wait_for_timeout(POLL_MS)
        someone.page.on("dialog", lambda dialog: dialog.accept())
        address = someone.page.url
        with pytest.raises(Error, match="ERR_CONNECTION_FAILED"):
            someone.page.reload()
        someone.page.wait_for_url("chrome-error://**")
        network.mend()
        someone.page.goto(address)
        someone.page.wait_for_selector("#exam[data-working]")
        someone.go_on()
        deadline = time.monotonic() + UPLOADED_S_MAX
        while (late := recorded_ms(line := line_of(session_id, reviewer), late=True)["webcam"]) < LATE_MS_MIN:
            assert time.monotonic() < deadline, f"{late} ms of what was recorded before the reload arrived"
            someone.page.wait_for_timeout(POLL_MS)
        assert longest_hole_ms(line["streams"][0]) > 0  # while the page was away nobody recorded
        someone.stop()
        someone.page.wait_for_selector("#unsent", state="hidden")
        assert someone.page.evaluate(HELD_BY_PAGE) == 0
        entries = reviewer.get(f"/sessions/{session_id}/logs/activity.json").json()["entries"]
        assert [entry["chars"] for entry in entries if entry["type"] == "paste"] == PASTED
