"""Socket of the port that a datagram comes to, by the system's own reading of our programs."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from capture.receive import sockets, sorting, stun
from capture.receive.delivery import Address
from capture.receive.sockets import Bound

pytestmark = pytest.mark.packet

STUN = bytes.fromhex("000100002112a442") + bytes(12)
RTP, DTLS = b"\x80" + bytes(40), b"\x16" + bytes(40)
LONG_STUN = STUN + bytes(stun.MESSAGE_BYTES_MAX - len(STUN))
NO_STUN = [RTP, DTLS, b"", b"\x00", STUN[:7], bytes(20), LONG_STUN + b"\0", b"\x04" + STUN[1:]]
HOMES = ["127.0.0.1", "::1"]


@dataclass
class Stage:
    """A port on `home`, and senders to it."""

    home: str
    bound: Bound
    number: int
    senders: list[socket.socket] = field(default_factory=list)

    def sender(self) -> socket.socket:
        made = socket.socket(self.bound.media.family, socket.SOCK_DGRAM)
        made.bind((self.home, 0))
        made.connect((self.home, self.number))
        self.senders.append(made)
        return made

    def came(self) -> tuple[list[bytes], list[bytes]]:
        """What is in the socket for media, and what is at the door."""
        assert self.bound.door is not None
        return drained(self.bound.media), drained(self.bound.door)


def drained(bound: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(bound.recv(2_000))
        except BlockingIOError:
            return found


def address(sender: socket.socket) -> Address:
    host, port = sender.getsockname()[:2]
    return host, port


@pytest.fixture(params=HOMES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    bound, number = sockets.bind([request.param], 0)
    made = Stage(request.param, bound[request.param], number)
    yield made
    made.bound.close()
    for one in made.senders:
        one.close()


def test_of_strangers_only_stun_comes_and_only_to_the_door(stage: Stage) -> None:
    """By its first byte, its cookie and its length; to a port without a publisher too."""
    stranger = stage.sender()
    for data in (*NO_STUN, STUN, LONG_STUN):
        stranger.send(data)
    assert stage.came() == ([], [STUN, LONG_STUN])


@pytest.mark.parametrize("others", [0, 1, 7, 8, 100, 600, sorting.SOURCES_MAX - 2])
def test_everything_of_known_sources_comes_to_media(stage: Stage, others: int) -> None:
    """However many there are, and of whichever family; those who are not among them stay strangers."""
    known, stranger = stage.sender(), stage.sender()
    form = "10.{}.{}.7" if ":" not in stage.home else "2001:db8::{:x}:{:x}"
    crowd = [(form.format(n >> 8, n & 255), 1_024 + 7 * n) for n in range(others)]
    stage.bound.sort([address(known), *crowd, ("192.0.2.1", 9), ("2001:db8::9", 9)])
    for data in (*NO_STUN, STUN):
        known.send(data)
        stranger.send(data)
    assert stage.came() == ([*NO_STUN, STUN], [STUN])
    stage.bound.sort(crowd)
    known.send(RTP)
    assert stage.came() == ([], [])


def test_a_port_beside_a_known_one_is_a_stranger(stage: Stage) -> None:
    """All of a house behind one address do not come in with one of them."""
    known, neighbours = stage.sender(), [stage.sender() for _ in range(200)]
    stage.bound.sort([address(known)])
    for one in neighbours:
        one.send(RTP)
    known.send(RTP)
    assert stage.came() == ([RTP], [])


def test_of_more_sources_than_a_program_takes_none_is_kept_out(stage: Stage) -> None:
    """Media is then let in by its first byte, whosoever's; STUN still waits at the door."""
    known = stage.sender()
    crowd = [("192.0.2.1" if ":" not in stage.home else "2001:db8::1", n) for n in range(sorting.SOURCES_MAX)]
    stage.bound.sort([address(known), *crowd])
    for data in (RTP, DTLS, STUN):
        known.send(data)
    assert stage.came() == ([RTP, DTLS], [STUN])


def test_a_program_that_the_system_does_not_take_keeps_nobody_out(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where it allows less memory for it (net.core.optmem_max)."""
    known = stage.sender()
    monkeypatch.setattr(sorting, "by_source", lambda sources, family: b"")
    stage.bound.sort([address(known)])
    for data in (RTP, STUN):
        known.send(data)
    assert stage.came() == ([RTP], [STUN])


def test_where_the_system_does_not_sort_one_socket_takes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The port is open all the same, and strangers are told apart as they are read."""
    monkeypatch.setattr(sorting, "like_stun", lambda: b"")
    found, number = sockets.bind(["127.0.0.1"], 0)
    bound = found["127.0.0.1"]
    try:
        assert bound.door is None
        bound.sort([("127.0.0.1", 9)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
            anybody.sendto(RTP, ("127.0.0.1", number))
            anybody.sendto(STUN, ("127.0.0.1", number))
        assert drained(bound.media) == [RTP, STUN]
    finally:
        bound.close()
