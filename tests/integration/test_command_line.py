"""The command line that others script against, while the server runs."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.support.service import DEV, Service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("cli") / "data", DEV).start()
    yield running
    running.stop()


def test_inviting_answers_with_all_that_a_publisher_needs(service: Service) -> None:
    """session_id, candidate_url, whip_url and a token for each stream of the exam; the links work."""
    invited = service.invite("--streams", "webcam,screen")
    assert set(invited["tokens"]) == {"webcam", "screen"}
    assert invited["whip_url"] == f"{service.url}/whip"
    assert httpx2.get(invited["candidate_url"]).status_code == 200
    shown = service.run("session", "show", invited["session_id"])
    assert shown["state"] == "invited"


def test_a_life_by_command(service: Service) -> None:
    """Recorded, held, released, purged: each step says what it did, dry runs touch nothing."""
    session_id = service.run("simulate", "--seconds", "6")["sessions"][0]
    shown = service.run("session", "show", session_id)
    assert shown["state"] == "ended"
    assert all(stream["segments"] > 0 for stream in shown["streams"])
    at = ("--at", "2099-01-01T00:00:00Z")
    dry = service.run("purge", "--dry-run", *at)
    assert {unit["fate"] for unit in dry["units"]} == {"goes"}
    hold = service.run("hold", "add", session_id, "--kind", "incident", "--reason", "seen by two people")
    assert [held["hold_id"] for held in service.run("hold", "list")["holds"]] == [hold["hold_id"]]
    stays = service.run("purge", *at)
    assert (stays["erased"], {unit["fate"] for unit in stays["units"]}) == (0, {"stays"})
    assert all("held: incident" in unit["why"] for unit in stays["units"])
    service.run("hold", "release", hold["hold_id"])
    gone = service.run("purge", *at)
    assert gone["erased"] == 3
    assert all(unit["certificate"] for unit in gone["units"])
    assert {s["state"] for s in service.run("session", "show", session_id)["streams"]} == {"erased"}
    assert [file for file in (service.data / "objects").rglob("*") if file.is_file()] == []
    assert service.run("purge", *at)["units"] == []
    service.run("hold", "add", session_id, "--kind", "legal", "--reason", "too late now", code=1)
    assert service.run("ledger", "verify")["ok"]


def test_what_cannot_be_is_refused_with_what_to_do(service: Service) -> None:
    """Exit 1, on standard error, with a remedy; exit 2 for a command line that is not understood."""
    for arguments in (
        ("session", "show", "nobody"),
        ("session", "create", "--exam", "none", "--candidate", "C-1"),
        ("exam", "create", "--title", " ", "--objection-days", "14"),
        ("exam", "create", "--title", "T", "--objection-days", "-1"),
        ("hold", "release", "none"),
        ("user", "link", "nobody"),
    ):
        refusal = service.run(*arguments, code=1)
        assert refusal["error"]
        assert refusal["remedy"]


def test_init_is_harmless_to_repeat_and_doctor_finds_no_fault(service: Service) -> None:
    """Nothing is made twice; every part answers."""
    assert service.run("init") == {"made": []}
    assert service.run("doctor")["ok"]


def test_health_is_told(service: Service) -> None:
    """Alive, ready, and how long the oldest due erasure waits."""
    assert httpx2.get(f"{service.url}/healthz").status_code == 200
    ready = httpx2.get(f"{service.url}/readyz").json()
    assert ready["ready"]
    assert ready["oldest_overdue_seconds"] == 0
    assert httpx2.get(f"{service.url}/api/v1/openapi.json").json()["paths"]
