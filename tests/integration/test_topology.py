"""The distributed shape, every part real: through Caddy's TLS a candidate publishes and a proctor plays, the
worker looks when Redis says to, and capture never holds a key that opens."""

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from playwright.sync_api import sync_playwright

from proctoring.settings.secret_files import with_password
from storage.addresses import MinioAddress, MinioKey
from storage.objects.minio_client import s3_client
from tests.support.browser import ARGS, chromium_path
from tests.support.service import wait_until
from tests.support.topology import CAPTURE_PROCESSES, LOOPBACK, Topology

pytestmark = pytest.mark.live
SECONDS = "8"
STOPPED_S_MAX = 60
NOT_CAPTURES = ("private", "signing", "reader", "purger", "admin", "redis")


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    with tempfile.TemporaryDirectory(prefix="topology-") as folder:
        started = Topology(Path(folder), PROCTORING_PURGE_INTERVAL_S="1")
        try:
            yield started.start()
        finally:
            started.stop()


@pytest.fixture(scope="module")
def session_id(topology: Topology) -> str:
    """A session whose three streams a simulated candidate has published through Caddy."""
    simulated = topology.run("simulate", "--seconds", SECONDS)
    assert simulated["failures"] == []
    recorded: str = simulated["sessions"][0]
    return recorded


def owner(topology: Topology) -> psycopg.Connection:
    plan = topology.plan("operator")
    keys = Path(plan.environment["PROCTORING_DATA"]) / "keys" / "database"
    url = with_password(plan.environment["PROCTORING_DATABASE_URL"], keys)
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def client(topology: Topology) -> httpx2.Client:
    trusted = ssl.create_default_context(cafile=str(topology.authority))
    return httpx2.Client(base_url=topology.url, verify=trusted, timeout=30)


def stored(topology: Topology) -> list[str]:
    """Every version of every object, with the administrator's key."""
    secret = (topology.folder / "data" / "keys" / "minio" / "admin.secret").read_text()
    address = MinioAddress(
        f"{LOOPBACK}:{topology.ports['objects'][9000]}", False, "eu-central-1", "proctoring-evidence"
    )
    bucket = s3_client(address, MinioKey("proctoring-admin", secret))
    listed = bucket.list_objects(address.bucket, recursive=True, include_version=True)
    return [one.object_name or "" for one in listed]


def test_every_part_is_healthy_and_says_so(topology: Topology) -> None:
    """The doctor of each role, in its own place, with its own keys: all PASS, a real relay's answer among it;
    each edge is ready."""
    for role in ("capture", "review", "worker"):
        assert topology.run("doctor", "--role", role, service=role)["ok"]
        if role != "worker":
            port = topology.ports[role][8000]
            ready = httpx2.get(f"http://{LOOPBACK}:{port}/readyz").json()
            assert ready["ready"]
            assert len(ready.get("processes", [])) == (CAPTURE_PROCESSES if role == "capture" else 0)
    with client(topology) as outside:
        assert {outside.get(path).status_code for path in ("/metrics", "/readyz")} == {404}
        assert outside.get("/healthz").status_code == 200


@pytest.mark.promise("P13")
def test_capture_has_no_key_that_opens_signs_or_destroys(topology: Topology, session_id: str) -> None:
    """While it records: no such file in its data folder, none open, no word of it in its environment."""
    root = topology.plan("capture").root
    seen = [str(path.relative_to(root)) for path in root.rglob("*")]
    front = Path(f"/proc/{topology.processes['capture'].pid}")
    children = (front / "task" / front.name / "children").read_text().split()
    assert len(children) == CAPTURE_PROCESSES
    processes = [front, *(front.with_name(child) for child in children)]
    descriptors = [one for process in processes for one in (process / "fd").iterdir() if one.is_symlink()]
    opened = [str(one.readlink()) for one in descriptors]
    environment = "".join((process / "environ").read_bytes().decode() for process in processes)
    for word in NOT_CAPTURES:
        assert not [path for path in (*seen, *opened) if word in path.removeprefix(str(topology.folder))]
    for file in (topology.folder / "data" / "keys").rglob("*.secret"):
        assert file.read_text() not in environment
    assert stored(topology)


def test_the_roles_may_not_in_the_database_what_is_not_theirs(topology: Topology, session_id: str) -> None:
    """No role alters or removes a ledger entry, capture sees no staff, and none changes the schema."""
    forbidden = {
        "capture": ["select * from users", "update custody_entries set actor = 'x'", "delete from segments"],
        "review": ["delete from custody_entries", "update erasure_certificates set body = ''"],
        "worker": ["delete from custody_entries", "drop table takes", "create table mine (id int)"],
    }
    for role, statements in forbidden.items():
        plan = topology.plan(role)
        keys = Path(plan.environment["PROCTORING_DATA"]) / "keys" / "database"
        url = with_password(plan.environment["PROCTORING_DATABASE_URL"], keys).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)


def test_a_proctor_plays_the_recording_through_caddy(topology: Topology, session_id: str) -> None:
    """Signed in by a one-time link, all three streams show pictures in a real browser."""
    link = topology.run("user", "add", "M. Claes", "--role", "proctor")["sign_in_url"]
    videos = "[...document.querySelectorAll('video')]"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGS))
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(link)
        page.click("form.go button")
        page.wait_for_selector(".bar")
        page.goto(f"{topology.url}/sessions/{session_id}")
        shown = f"{videos}.filter(v => v.videoWidth > 0 && v.readyState >= 2).length === 3"
        wait_until(lambda: page.evaluate(shown), 60, "not all three streams show a picture")
        page.keyboard.press("Space")
        moved = f"{videos}.every(v => v.currentTime > 2)"
        wait_until(lambda: page.evaluate(moved), 60, "not all three streams play")
        browser.close()


@pytest.mark.promise("P7")
def test_the_worker_asks_the_ledger_and_a_person_before_it_erases(
    topology: Topology, session_id: str
) -> None:
    """Beat asks over Redis. The due dates were moved behind the service's back, as this test does: the worker
    stops the session and says so. A person who has looked lets it go, and nothing of it is left."""
    assert stored(topology)
    with owner(topology) as connection:
        connection.execute("update evidence_units set due_at = now() - interval '1 minute'")

        def stopped() -> bool:
            query = "select session_id from erasure_stops where ended_at is null"
            return connection.execute(query).fetchall() == [(session_id,)]

        wait_until(stopped, STOPPED_S_MAX, f"the worker did not stop: {topology.log('worker')[-2000:]}")
        assert connection.execute("select count(*) from erasure_certificates").fetchone() == (0,)
        assert stored(topology)
        assert topology.run("purge", "--despite", session_id)["erased"] == 3
        assert connection.execute("select distinct state from evidence_units").fetchall() == [("erased",)]
    assert stored(topology) == []
    told = topology.run("ledger", "verify", code=1)["faults"]
    assert {one["code"] for one in told} == {"row.edited"}
    assert all(" due_at: " in one["detail"] for one in told)
