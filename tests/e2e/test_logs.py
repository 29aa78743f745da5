"""Activity and answers from a browser with the companion extension, to the reviewer, to nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import sync_playwright

from tests.e2e.candidate_stage import ALLOW_ALL, BASE_ARGS, Candidate
from tests.support.browser import chromium_path
from tests.support.logs import answer, batch
from tests.support.service import DEV, Service, wait_until

pytestmark = pytest.mark.live

EXTENSION = Path(str(files("capture").joinpath("extension")))
ANSWER = "the-insured-must-report-the-claim-within-eight-days"
PASTED = "a secret that no log may hold"
FIRST, SECOND, AFTER = "reading-the-first-page", "reading-the-second-page", "reading-after-the-end"
EXAM = ("--streams", "webcam", "--activity-log", "--answers-log")
STORED_S_MAX = 30


@contextmanager
def candidate_with_extension(invited: dict[str, Any], profile: Path) -> Iterator[Candidate]:
    """A browser with the unpacked extension, and the invitation open in it."""
    args = [
        *BASE_ARGS,
        ALLOW_ALL,
        "--headless=new",
        f"--load-extension={EXTENSION}",
        f"--disable-extensions-except={EXTENSION}",
        "--disable-features=DisableLoadExtensionCommandLineSwitch",
    ]
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=args,
            headless=False,
            ignore_default_args=["--disable-extensions"],
        )
        made = Candidate(context, invited)
        yield made
        context.close()
        assert not made.troubles


def badge(candidate: Candidate) -> str:
    """What the extension's sign carries."""
    worker = candidate.context.service_workers[0]
    text: str = worker.evaluate("() => chrome.action.getBadgeText({})")
    return text


def read(candidate: Candidate, service: Service, name: str) -> None:
    """Opens a web page in a tab of its own."""
    page = candidate.context.new_page()
    page.goto(f"{service.url}/sign-in?{name}")
    page.bring_to_front()


@pytest.mark.promise("P5")
@pytest.mark.promise("P6")
@pytest.mark.promise("P17")
def test_what_happens_in_the_exam_is_logged_shown_and_erased(tmp_path: Path) -> None:
    """Pages visited, something pasted, an answer: in the sealed log during the exam and not after; in no file
    in clear; on the reviewer's page with a custody entry; in the evidence package; gone with the purge."""
    service = Service(tmp_path / "data", DEV).start()
    try:
        invited = service.invite(*EXAM)
        session_id = invited["session_id"]
        with candidate_with_extension(invited, tmp_path / "profile") as candidate:
            sit(candidate, service, invited)
        reviewed(service, session_id, tmp_path)
    finally:
        service.stop()


def sit(candidate: Candidate, service: Service, invited: dict[str, Any]) -> None:
    """The exam, with everything that is to be found in its logs, and one page read after its end."""
    page = candidate.page
    candidate.admit()
    candidate.give_camera()
    assert badge(candidate) == ""
    candidate.start()
    page.wait_for_selector("[data-companion]:visible")
    assert page.inner_text("[data-logged] [data-sign]") == "recording"
    assert badge(candidate) == "●"
    page.screenshot(path=str(service.data.parent / "logged-1440.png"), full_page=True)
    for name in (FIRST, SECOND):
        read(candidate, service, name)
    page.bring_to_front()
    page.evaluate(
        """(words) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text", words);
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        PASTED,
    )
    now = datetime.now(UTC)
    sent = httpx2.post(
        f"{service.url}/api/v1/sessions/{invited['session_id']}/events",
        json=batch(now, [answer(now, ANSWER)], "answers"),
        headers={"Authorization": f"Bearer {invited['answers_token']}"},
    )
    assert (sent.status_code, sent.json()) == (201, {"stored": 1, "known": 0})
    candidate.stop()
    assert badge(candidate) == ""
    read(candidate, service, AFTER)


def reviewed(service: Service, session_id: str, folder: Path) -> None:
    """What the logs are to the reviewer, to the candidate, to a thief, to a verifier, and after the purge."""

    def settled() -> bool:
        logs = service.run("session", "show", session_id)["logs"]
        return all(log["state"] == "retained" for log in logs)

    wait_until(settled, STORED_S_MAX, "the logs are not closed")
    reviewer = service.signed_in("M. Claes", "proctor")
    line = reviewer.get(f"/sessions/{session_id}/timeline.json").json()
    assert [log["log"] for log in line["logs"]] == ["activity", "answers"]
    activity = reviewer.get(f"/sessions/{session_id}/logs/activity.json").json()["entries"]
    urls = [entry["url"] for entry in activity if entry["type"] == "url"]
    assert any(url.endswith(FIRST) for url in urls)
    assert any(url.endswith(SECOND) for url in urls)
    assert not any(url.endswith(AFTER) or "/c/" in url for url in urls)
    assert [entry["chars"] for entry in activity if entry["type"] == "paste"] == [len(PASTED)]
    assert all(0 <= entry["ms"] <= line["session"]["duration_ms"] + 10_000 for entry in activity)
    answers = reviewer.get(f"/sessions/{session_id}/logs/answers.json").json()["entries"]
    assert answers[0]["result"]["response"] == ANSWER
    history = reviewer.get(f"/sessions/{session_id}").text
    assert ": activity" in history
    assert ": answers" in history
    for file in service.data.rglob("*"):
        stored = file.read_bytes() if file.is_file() else b""
        for words in (ANSWER, FIRST, PASTED):
            assert words.encode() not in stored, f"{file.name} holds {words!r}"
    package = folder / "package"
    service.run("export", session_id, "--out", str(package), "--request", "request:17")
    assert ANSWER in next((package / "data/answers/media").glob("*.json")).read_text()
    assert service.run("verify", str(package))["ok"]
    service.run("purge", "--at", "2099-01-01T00:00:00Z")
    assert reviewer.get(f"/sessions/{session_id}/logs/activity.json").status_code == 404
    with closing(sqlite3.connect(service.data / "proctoring.db")) as database:
        assert database.execute("select count(*) from logged_events").fetchone() == (0,)
