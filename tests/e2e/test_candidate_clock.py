"""The candidate's computer sets its clock during the exam: nothing that lasts is measured by it."""

import time

import pytest

from tests.e2e.candidate_stage import service
from tests.e2e.test_network_cut import HELD_BY_PAGE, behind_a_network, line_of, longest_hole_ms, recorded_ms
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

# `Date` of this page alone, as if the computer's clock were set.
SET_CLOCK = """(ms) => {
  const Real = window.realDate ??= Date;
  window.shiftMs = (window.shiftMs ?? 0) + ms;
  const now = () => Real.now() + window.shiftMs;
  window.Date = new Proxy(Real, {
    construct: (target, given) => (given.length ? new target(...given) : new target(now())),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
}"""
BACK_MS, FORTH_MS = -3_600_000, 7_200_000
AWAY_MS, LATE_MS_MIN, GAP_MS_MAX = 8_000, 7_000, 1_000
PATIENCE_S = 30
POLL_MS = 500
ELAPSED_S_MAX = 120


def test_a_set_clock_moves_no_piece_no_time_and_is_told(service: Service) -> None:
    """Back by an hour, then forth by two while the network is away: the elapsed time goes on, what was
    recorded meanwhile fills the gap, and the proctor's log has each step with its size."""
    reviewer = service.signed_in("M. Claes", "proctor")
    with behind_a_network(service, "--streams", "webcam", "--activity-log") as (someone, network):
        page, session_id = someone.page, someone.invited["session_id"]
        page.evaluate(SET_CLOCK, BACK_MS)
        page.wait_for_timeout(5_000)
        network.cut()
        page.wait_for_selector('[data-step="recording"][data-state="reconnecting"]')
        page.evaluate(SET_CLOCK, FORTH_MS)
        page.wait_for_timeout(AWAY_MS)
        hours, minutes, seconds = map(int, someone.says("[data-elapsed]").split(":"))
        assert 0 < 3600 * hours + 60 * minutes + seconds < ELAPSED_S_MAX
        network.mend()
        someone.wait_recorded()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line = line_of(session_id, reviewer)
            hole = longest_hole_ms(line["streams"][0])
            if recorded_ms(line, late=True)["webcam"] >= LATE_MS_MIN and hole <= GAP_MS_MAX:
                break
            held = page.evaluate(HELD_BY_PAGE)
            assert time.monotonic() < deadline, f"a hole of {hole} ms; the page holds {held} pieces"
            page.wait_for_timeout(POLL_MS)
        someone.stop()
        page.wait_for_selector("#unsent", state="hidden")
        assert page.evaluate(HELD_BY_PAGE) == 0
    entries = reviewer.get(f"/sessions/{session_id}/logs/activity.json").json()["entries"]
    steps = [entry["by_ms"] for entry in entries if entry["type"] == "clock-set"]
    assert [round(step / 10_000) * 10_000 for step in steps] == [BACK_MS, FORTH_MS]
