"""Our credentials at a real coturn, and the doctor that asks it."""

import asyncio
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from capture.publish.ice import IceServer
from capture.publish.relay import CREDENTIAL_S, Relays, check
from proctoring.clock import system_clock
from tests.support.coturn import Relay, coturn
from tests.support.programs import missing
from tests.support.service import Service


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory):
    with coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


def test_a_relay_takes_our_credential(relay: Relay) -> None:
    """An allocation with it is answered with a relayed address."""
    server = Relays([relay.url], relay.secret, system_clock).servers()[0]
    assert asyncio.run(check(server)).startswith("127.0.0.1:")


def test_a_relay_refuses_what_is_not_ours_or_over(relay: Relay) -> None:
    """A wrong secret, and one that has ended."""
    yesterday = lambda: system_clock() - timedelta(seconds=CREDENTIAL_S + 60)  # noqa: E731
    foreign = Relays([relay.url], "another", system_clock).servers()[0]
    ended = Relays([relay.url], relay.secret, yesterday).servers()[0]
    for server in (foreign, ended, IceServer(relay.url, "nobody", "nothing")):
        with pytest.raises(OSError, match="401"):
            asyncio.run(check(server))


def test_coturns_own_client_relays_with_our_credential(relay: Relay) -> None:
    """`turnutils_uclient` sends through the relay to itself and loses nothing."""
    client = shutil.which("turnutils_uclient")
    if client is None:
        missing("coturn", "turnutils_uclient is not installed; it comes with coturn.")
        raise AssertionError
    server = Relays([relay.url], relay.secret, system_clock).servers()[0]
    command = [client, "-y", "-n", "2", "-u", server.username, "-w", server.credential]
    command += ["-p", str(relay.port), "-L", "127.0.0.1", "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "Total lost packets 0" in done.stdout, done.stdout + done.stderr


def test_the_doctor_asks_the_relay(relay: Relay, tmp_path: Path) -> None:
    """A real allocation passes; a relay that knows another secret, or is not there, fails by name."""
    service = Service(tmp_path / "data")
    service.run("init")
    service.environment |= {
        "PROCTORING_TURN_URLS": f'["{relay.url}"]',
        "PROCTORING_TURN_REGION": "BE",
        "PROCTORING_TURN_SECRET": relay.secret,
    }
    passed = service.run("doctor", "--role", "capture")
    assert [one["name"] for one in passed["checks"] if one["name"] == "relay"] == ["relay"]
    service.environment["PROCTORING_TURN_SECRET"] = "another"
    assert "401" in service.run("doctor", code=1)["faults"]["relay"]
    service.environment["PROCTORING_TURN_URLS"] = '["turn:127.0.0.1:1?transport=udp"]'
    assert set(service.run("doctor", code=1)["faults"]) == {"relay"}
    service.environment["PROCTORING_TURN_REGION"] = "US"
    assert "outside" in service.run("doctor", code=1)["faults"]["configuration"]
