"""The whole service over a restored database, and the operator's commands that bring it back."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support import sqlite
from tests.support.service import DEV, Service

HTML = {"Accept": "text/html"}
AT = ("--at", "2099-01-01T00:00:00Z")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "data", {"PROCTORING_CHECKPOINT_COPY": str(tmp_path / "copy")} | DEV)
    yield running
    running.stop()


def restore(data: Path, saved: Path) -> None:
    for end in ("-wal", "-shm"):
        (data / f"proctoring.db{end}").unlink(missing_ok=True)
    sqlite.copy(saved, data / "proctoring.db")


@pytest.mark.promise("P7")
@pytest.mark.promise("P13")
def test_a_restored_service_serves_nothing_until_a_person_lifts_it(service: Service, tmp_path: Path) -> None:
    """503 in words on every page and as a problem, no new take, no purge, no export; alive, but not ready;
    the metric tells. `show`, `replay`, `lift` lead back, and `ledger verify` tells of it ever after."""
    service.start()
    invited = service.invite("--streams", "webcam")
    session_id = service.run("simulate", "--seconds", "6")["sessions"][0]
    service.stop()
    sqlite.copy(service.data / "proctoring.db", tmp_path / "saved.db")
    service.start()
    assert service.run("purge", *AT)["erased"] == 3
    service.stop()
    restore(service.data, tmp_path / "saved.db")
    service.start()

    page = httpx2.get(invited["candidate_url"], headers=HTML | {"Accept-Language": "nl"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "300")
    assert 'lang="nl"' in page.text
    assert "Zo weer terug" in page.text
    assert httpx2.get(f"{service.url}/queue", headers=HTML).status_code == 503
    problem = httpx2.get(f"{service.url}/media/{session_id}/webcam/0").json()
    assert (problem["status"], problem["title"]) == (503, "In quarantine after a restore")
    assert "proctoring quarantine show" in problem["remedy"]
    offer = {"Authorization": f"Bearer {invited['tokens']['webcam']}", "Content-Type": "application/sdp"}
    published = httpx2.post(f"{service.url}/whip", headers=offer, content="v=0\r\n")
    assert (published.status_code, "retry-after" in published.headers) == (503, True)
    assert httpx2.get(f"{service.url}/healthz").status_code == 200
    ready = httpx2.get(f"{service.url}/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert "\nquarantined 1.0" in httpx2.get(f"{service.url}/metrics").text
    service.run("purge", *AT, code=1)
    service.run("export", session_id, "--out", str(tmp_path / "package"), code=1)
    service.run("hold", "list")

    shown = service.run("quarantine", "show")
    assert shown["quarantine"]["id"] == ready.json()["quarantine"]
    assert len(shown["missing"]["erasures"]) == 3
    service.run("quarantine", "lift", "--reason", "too early", code=1)
    replayed = service.run("quarantine", "replay")
    assert replayed["erased"] + replayed["decided"] == 3
    service.run("quarantine", "lift", "--reason", "The disk broke; nothing else happened that day.")
    assert service.run("quarantine", "show")["quarantine"] is None
    service.run("purge")
    assert {s["state"] for s in service.run("session", "show", session_id)["streams"]} == {"erased"}
    assert httpx2.get(invited["candidate_url"], headers=HTML).status_code == 200
    told = service.run("ledger", "verify")
    assert told["ok"]
    assert told["restored"][0]["reason"].startswith("The disk broke")


def test_a_service_says_once_that_a_restore_goes_unnoticed(tmp_path: Path) -> None:
    """Without a copy there is nothing to compare with; the commands say so too."""
    running = Service(tmp_path / "data").start()
    try:
        answer = running.run("quarantine", "show", code=1)
        assert "PROCTORING_CHECKPOINT_COPY" in answer["detail"]
        assert running.log.read_text().count("PROCTORING_CHECKPOINT_COPY is not set") == 1
    finally:
        running.stop()


def test_a_service_whose_copy_is_gone_does_not_start(service: Service, tmp_path: Path) -> None:
    """Nobody knows then whether its database is whole."""
    service.start()
    service.run("exam", "create", "--title", "Module 2", "--objection-days", "14")
    service.stop()
    service.start()
    service.stop()
    (tmp_path / "copy").rename(tmp_path / "away")
    with pytest.raises(AssertionError):
        service.start()
    assert "cannot be read" in service.log.read_text()
    (tmp_path / "away").rename(tmp_path / "copy")
    service.start()
