"""Our credentials at a real coturn, and the doctor that asks it."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from aioice.stun import TransactionFailed
from aioice.turn import TurnClientUdpProtocol

from capture.publish.ice import IceServer
from capture.publish.relay import CREDENTIAL_S, Relays, check
from proctoring.clock import system_clock
from tests.support import composefile
from tests.support.coturn import Relay, coturn
from tests.support.programs import missing
from tests.support.service import Service

CAPTURE = "192.0.2.10"


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
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


PEERS = {
    4: ("192.0.2.11", "127.0.0.1", "10.0.0.1", "172.17.0.1", "169.254.169.254", "198.51.100.7", "224.0.0.1"),
    6: (
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:192.0.2.10",
        "fe80::1",
        "fd00::1",
        "64:ff9b::7f00:1",
        "2001:db8::1",
    ),
}
"""What a candidate must not reach through the relay of docker-compose.yml: anything but capture's address."""


def peer_rules() -> list[str]:
    """The options of docker-compose.yml that say whom its relay sends to."""
    words = (
        composefile.read(
            {"PROCTORING_PUBLIC_URL": "", "PROCTORING_REGION": "", "PUBLIC_ADDRESS": CAPTURE}
            | {"PROCTORING_CONTROLLER_EMAIL": ""}
        )["turn"]
        .command[-1]
        .split()
    )
    return [word for word in words if "peer" in word]


@pytest.mark.parametrize("family", [4, 6])
def test_the_relay_reaches_capture_alone(tmp_path: Path, family: int) -> None:
    """The rules of docker-compose.yml, in a real coturn that could relay to both families: every peer but
    capture's address is refused, also from an allocation of IPv6."""
    own = {4: ["--relay-ip=127.0.0.1"], 6: ["--relay-ip=::1", "--allocation-default-address-family=ipv6"]}
    with coturn(tmp_path, *peer_rules(), *own[family]) as relay:
        for peer in PEERS[family]:
            assert asyncio.run(bound(relay, peer)) == 403, peer
        if family == 4:
            assert asyncio.run(bound(relay, CAPTURE)) == 0


async def bound(relay: Relay, peer: str) -> int:
    """0 when the relay lets a client of ours send to this peer, else its error."""
    server = Relays([relay.url], relay.secret, system_clock).servers()[0]
    client: TurnClientUdpProtocol
    _, client = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: TurnClientUdpProtocol(
            server=("127.0.0.1", relay.port),
            username=server.username,
            password=server.credential,
            lifetime=600,
            channel_refresh_time=500,
        ),
        remote_addr=("127.0.0.1", relay.port),
    )
    relayed, _ = await client.connect()
    assert (":" in relayed) is (":" in peer), "the allocation is of the other family"
    try:
        await client.channel_bind(0x4000, (peer, 9))
    except TransactionFailed as refused:
        code: int = refused.response.attributes["ERROR-CODE"][0]
        return code
    finally:
        await client.delete()
    return 0
