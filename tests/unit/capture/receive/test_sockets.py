"""Sockets of the port: where they are bound, and what they bring under load."""

import socket

import pytest

from capture.errors import PortTaken
from capture.receive import port as port_module
from capture.receive import sockets
from tests.unit.capture.receive.port_stage import RTP, Stage, on_stage

pytestmark = pytest.mark.packet


def close(bound: dict[str, sockets.Bound]) -> None:
    for one in set(bound.values()):
        one.close()


def test_every_address_has_a_socket_of_its_own_on_the_same_port() -> None:
    """So that answers come from where they were asked."""
    bound, number = sockets.bind(["127.0.0.1", "127.0.0.2"], 0)
    try:
        assert {address: one.media.getsockname() for address, one in bound.items()} == {
            address: (address, number) for address in ("127.0.0.1", "127.0.0.2")
        }
    finally:
        close(bound)


def test_an_address_that_is_not_ours_stands_for_this_machine_behind_nat() -> None:
    """One socket then listens on all addresses of the family."""
    bound, number = sockets.bind(["127.0.0.1", "203.0.113.5"], 0)
    try:
        assert bound["127.0.0.1"] is bound["203.0.113.5"]
        assert bound["203.0.113.5"].media.getsockname() == ("0.0.0.0", number)
    finally:
        close(bound)


def test_a_port_in_use_is_said_at_the_start() -> None:
    """With what to do about it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(PortTaken) as caught:
            sockets.bind(["127.0.0.1"], taken.getsockname()[1])
        assert "PROCTORING_MEDIA_PORT" in caught.value.remedy


def test_two_ports_never_share_a_number() -> None:
    """Though each of them has two sockets of one address: a second process is told that the port is taken."""
    bound, number = sockets.bind(["127.0.0.1"], 0)
    try:
        with pytest.raises(PortTaken):
            sockets.bind(["127.0.0.1"], number)
    finally:
        close(bound)


class Sender:
    """A socket that sends to a port's address, from an address of its own."""

    def __init__(self, number: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", number))

    def send(self, data: bytes) -> None:
        self.socket.send(data)


def test_media_is_there_in_full_whatever_strangers_send() -> None:
    """A flood of all kinds that overfills the door costs a publisher nothing and is no loss. The next check
    of a publisher is seen once the flood is over; who left is a stranger again."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        known, stranger, late = (Sender(stage.port.number) for _ in range(3))
        known.send(stage.check(one))
        stage.port.read_doors()
        assert len(one.addresses) == 1
        forged = stage.check(two, b"wrong")
        for number in range(20_000):
            stranger.send((RTP, forged, b"\x16" + bytes(40), b"")[number % 4])
            if number % 100 == 0:
                known.send(RTP)
        late.send(stage.check(two))
        stage.port.read()
        assert stage.media == [("one", 41)] * 200
        for _ in range(20_000 // port_module.STRANGERS_PER_ROUND_MAX + 1):
            stage.port.read_doors()
        late.send(stage.check(two))
        stage.port.read_doors()
        assert len(two.addresses) == 1
        stage.port.second()
        assert stage.port.lost == 0
        assert stage.port.dropped["stranger"] == 0  # the system dropped what is not STUN
        stage.port.dismiss(one)
        stage.port.second()
        known.send(RTP)
        late.send(RTP)
        stage.port.read()
        assert stage.media[200:] == [("two", 41)]
        for sender in (known, stranger, late):
            sender.socket.close()

    on_stage(scenario)


def test_what_the_system_had_no_room_for_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of known sources, in datagrams: nobody else can tell that they came."""
    monkeypatch.setattr(sockets, "SOCKET_BUFFER_BYTES", 16 << 10)

    async def scenario(stage: Stage) -> None:
        one = stage.guest("one")
        known = Sender(stage.port.number)
        known.send(stage.check(one))
        stage.port.read_doors()
        for _ in range(1_000):
            known.send(RTP)
        stage.port.read()
        stage.port.second()
        assert stage.port.lost > 0
        assert stage.port.lost + len(stage.media) == 1_000
        known.socket.close()

    on_stage(scenario)
