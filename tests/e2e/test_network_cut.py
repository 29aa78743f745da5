"""The network goes away while a candidate is recorded: what was recorded meanwhile arrives late.

PROCTORING_TEST_CUT_S sets the length of the cut in seconds (30); 300 is the long one, by hand.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.e2e.test_whole_life import staff
from tests.support.network import Network
from tests.support.player import fetch_all
from tests.support.service import Service, wait_until

__all__ = ["service"]

pytestmark = pytest.mark.browser

CUT_S = float(os.environ.get("PROCTORING_TEST_CUT_S", "30"))
GAP_MS_MAX = 1_000
UPLOADED_S_MAX = 90
HOLE_S_MAX = 0.3
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
            if "screen" in options[-1]:
                someone.give_screen()
            someone.start()
            yield someone, network
        finally:
            network.close()


def line_of(service: Service, session_id: str, reviewer: Any) -> dict[str, Any]:
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


def closes(service: Service, session_id: str, reviewer: Any, streams: int, late_ms_min: float) -> bool:
    """Whether every stream has what was recorded during the cut, marked as late, and no gap that matters."""
    line = line_of(service, session_id, reviewer)
    late = recorded_ms(line, late=True)
    return (
        len(line["streams"]) == streams
        and min(late.values()) >= late_ms_min
        and all(longest_hole_ms(stream) <= GAP_MS_MAX for stream in line["streams"])
        and all(
            (gap["end_ms"] or 0) - gap["start_ms"] <= GAP_MS_MAX for s in line["streams"] for gap in s["gaps"]
        )
    )


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


@pytest.mark.timeout(300 + 2 * CUT_S)
def test_a_cut_network_leaves_no_gap(service: Service) -> None:
    """After reconnecting and uploading no gap is longer than a second, what is late is marked so, every
    segment decodes, and nothing is left on the candidate's device once the exam is over."""
    with behind_a_network(service, "--streams", "webcam,screen") as (someone, network):
        session_id = someone.invited["session_id"]
        someone.page.wait_for_timeout(6_000)
        network.cut()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        assert "kept on this device" in someone.says("[data-net]")
        someone.page.wait_for_timeout(CUT_S * 1_000)
        network.mend()
        someone.wait_recorded()
        reviewer = service.signed_in("M. Claes", "proctor")
        late_ms_min = (CUT_S - 2) * 1_000

        def closed() -> bool:
            someone.page.wait_for_timeout(500)
            return closes(service, session_id, reviewer, 2, late_ms_min)

        wait_until(closed, UPLOADED_S_MAX, "the gap stays open")
        someone.stop()
        someone.page.wait_for_selector("#unsent", state="hidden")
        assert someone.page.evaluate(HELD_BY_PAGE) == 0
        line = line_of(service, session_id, reviewer)
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
            plays_through(player, begin - 2_000, begin + 4_000)
            plays_through(player, end - 4_000, end + 2_000)


@pytest.mark.timeout(300)
def test_a_killed_server_loses_nothing_for_long(service: Service) -> None:
    """SIGKILL takes the open segment of every stream; the page still has it, and sends it afterwards."""
    with candidate(service, "--streams", "webcam,screen") as someone:
        session_id = someone.invited["session_id"]
        someone.admit()
        someone.give_camera()
        someone.give_screen()
        someone.start()
        someone.page.wait_for_timeout(8_000)
        service.kill()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        service.start()
        someone.wait_recorded()
        reviewer = service.signed_in("M. Claes", "proctor")

        def closed() -> bool:
            someone.page.wait_for_timeout(500)
            return closes(service, session_id, reviewer, 2, 1)

        wait_until(closed, UPLOADED_S_MAX, "the gap stays open")
        line = line_of(service, session_id, reviewer)
        for stream in line["streams"]:
            assert stream["takes"][0]["end_cause"] == "server-stopped"
        fetch_all(reviewer, session_id, line)
        assert service.run("ledger", "verify")["ok"]


@pytest.mark.timeout(300)
def test_a_reload_keeps_what_was_recorded_and_goes_on(service: Service) -> None:
    """The same link leads on; what the page had recorded before is found again and sent."""
    with behind_a_network(service, "--streams", "webcam") as (someone, network):
        session_id = someone.invited["session_id"]
        network.cut()
        someone.page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        someone.page.wait_for_timeout(10_000)
        held = someone.page.evaluate(HELD_BY_PAGE)
        assert held >= 3
        network.mend()
        someone.page.on("dialog", lambda dialog: dialog.accept())
        someone.page.reload()
        someone.page.wait_for_selector("#exam[data-working]")
        reviewer = service.signed_in("M. Claes", "proctor")
        someone.give_camera()
        someone.start()

        def sent() -> bool:
            someone.page.wait_for_timeout(500)
            line = line_of(service, session_id, reviewer)
            return recorded_ms(line, late=True)["webcam"] >= 8_000

        wait_until(sent, UPLOADED_S_MAX, "what was recorded before the reload does not arrive")
        line = line_of(service, session_id, reviewer)
        assert longest_hole_ms(line["streams"][0]) > 0  # while the page was away nobody recorded
        someone.stop()
        someone.page.wait_for_selector("#unsent", state="hidden")
        assert someone.page.evaluate(HELD_BY_PAGE) == 0
