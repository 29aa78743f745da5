"""The sign on the candidate's page follows what the server stored, stream by stream, within 10 s."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e.candidate_stage import Candidate, candidate, service
from tests.support.service import Service

__all__ = ["service"]

pytestmark = [pytest.mark.live, pytest.mark.promise("P17")]

WITHIN_MS = 10_000
RECORDED = '[data-step="recording"][data-state="recording"]'
PHONE_SIGN = '[data-row="phone"] [data-sign]'
WEBCAM_SIGN = '[data-row="webcam"] [data-sign] >> nth=0'
HELD_BY_A_FILE = """
import asyncio, os, sys
from pathlib import Path
from capture.spool.recorder import VaultRecorder
store = VaultRecorder.store
async def held(self, take_id, segment):
    while Path(os.environ["HELD_WHILE"]).exists():
        await asyncio.sleep(0.1)
    await store(self, take_id, segment)
VaultRecorder.store = held
from proctoring.cli import main
main()
"""
# What the page said of the recording, each time with what the last status had told it.
NOTED = """
window.noted = [];
const real = window.fetch;
window.fetch = async (...asked) => {
  const answer = await real(...asked);
  if (String(asked[0]).endsWith("status.json")) window.told = (await answer.clone().json()).streams;
  return answer;
};
document.addEventListener("DOMContentLoaded", () => {
  const step = document.querySelector('[data-step="recording"]');
  new MutationObserver(() => {
    const stored = Object.values(window.told ?? {}).map((one) => one.recording);
    noted.push({ state: step.dataset.state, stored });
  }).observe(step, { attributes: true, attributeFilter: ["data-state"] });
});
"""


def begin(someone: Candidate) -> Page:
    """To the recording with webcam and phone; the phone's page."""
    someone.page.add_init_script(NOTED)
    someone.admit()
    someone.give_camera()
    phone = someone.give_phone()
    someone.start()
    return phone


def is_open(answer: Response) -> bool:
    """Whether it is a status that tells of a take of the webcam that is under way."""
    return answer.url.endswith("status.json") and answer.json()["streams"]["webcam"]["open"]


def test_never_recording_while_a_required_phone_is_missing(service: Service) -> None:
    """Not at the start before its first piece is stored, and not once it is away; the webcam goes on, and the
    head is right again when the phone is back."""
    with candidate(service, "--streams", "webcam,phone") as someone:
        phone = begin(someone)
        noted = someone.page.evaluate("noted")
        assert [one["stored"] for one in noted if one["state"] == "recording"] == [[True, True]], noted
        address = phone.url
        phone.close()
        someone.page.wait_for_selector('[data-step="recording"][data-state="phone-away"]', timeout=WITHIN_MS)
        someone.reads("[data-word]", "Your phone is not being recorded; the rest goes on")
        someone.reads("[data-detail]", "")
        someone.reads(PHONE_SIGN, "not connected")
        someone.reads(WEBCAM_SIGN, "recording")
        again = someone.open(address)
        again.click("#camera-on")
        someone.wait_recorded()
        someone.reads("[data-word]", "You are being recorded")


def test_never_recording_while_nothing_is_stored(tmp_path: Path) -> None:
    """A server that takes the media and stores none of it: neither at the start nor later is it a recording,
    whatever the connection says."""
    held = tmp_path / "held"
    held.touch()
    service = Service(
        tmp_path / "data", {"HELD_WHILE": str(held)}, command=[sys.executable, "-c", HELD_BY_A_FILE, "serve"]
    ).start()
    try:
        with candidate(service, "--streams", "webcam") as someone:
            someone.page.add_init_script(NOTED)
            someone.admit()
            someone.give_camera()
            someone.page.wait_for_selector('#start[aria-disabled="false"]')
            someone.page.click("#start")
            for _ in range(2):  # the page has shown what the first one told when the second one comes
                with someone.page.expect_response(is_open):
                    pass
            assert someone.page.locator(RECORDED).count() == 0
            expect(someone.page.locator(WEBCAM_SIGN)).to_have_text("connecting")
            held.unlink()
            someone.wait_recorded()
            noted = someone.page.evaluate("noted")
            assert [one["stored"] for one in noted if one["state"] == "recording"] == [[True]]
            held.touch()
            someone.page.wait_for_selector(
                '[data-step="recording"][data-state="unstored"]', timeout=WITHIN_MS
            )
            someone.reads(WEBCAM_SIGN, "nothing is stored now")
            someone.shows("[data-word]", "not stored")
            held.unlink()
            someone.wait_recorded()
    finally:
        held.unlink(missing_ok=True)
        service.stop()
