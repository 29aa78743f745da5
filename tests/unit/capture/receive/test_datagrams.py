"""Datagrams through sockets of both families, many at a time."""

import errno
import socket
import time
from collections.abc import Iterator

import pytest

from capture.receive.datagrams import DATAGRAMS_MAX, DatagramBatch, send
from capture.receive.delivery import SLOT_BYTES, Address, deliver

pytestmark = pytest.mark.packet

HOSTS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


@pytest.fixture(params=HOSTS, ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets on loopback."""
    with (
        socket.socket(request.param, socket.SOCK_DGRAM) as one,
        socket.socket(request.param, socket.SOCK_DGRAM) as other,
    ):
        for each in (one, other):
            each.setblocking(False)
            each.bind((HOSTS[request.param], 0))
        yield one, other


def test_what_is_sent_comes_whole_and_from_whom(pair: tuple[socket.socket, socket.socket]) -> None:
    """Bytes, order and source, an empty datagram too; in every batch."""
    sender, receiver = pair
    sent = [b"first", b"", bytes(range(256)) * 5]
    buffer = bytearray(DATAGRAMS_MAX * SLOT_BYTES)
    batch = DatagramBatch(receiver, buffer)
    for _ in range(2):
        for data in sent:
            send(sender, data, receiver.getsockname()[:2])
        read = batch.receive()
        slots = enumerate(read.lengths)
        assert [bytes(buffer[n * SLOT_BYTES : n * SLOT_BYTES + length]) for n, length in slots] == sent
        ((name, numbers),) = read.by_source().items()
        assert (read.address_of(name), numbers) == (sender.getsockname()[:2], [0, 1, 2])


def test_those_of_one_source_are_delivered_together(pair: tuple[socket.socket, socket.socket]) -> None:
    """Each source's in the order in which they came, whatever came between them from others."""
    sender, receiver = pair
    with socket.socket(sender.family, socket.SOCK_DGRAM) as another:
        another.bind((sender.getsockname()[0], 0))
        buffer = bytearray(DATAGRAMS_MAX * SLOT_BYTES)
        batch = DatagramBatch(receiver, buffer)
        for data in (b"one", b"two", b"three"):
            send(sender, data, receiver.getsockname()[:2])
            send(another, data, receiver.getsockname()[:2])
        came: list[tuple[Address, bytes]] = []

        def other(begin: int, length: int, source: Address, at_s: float, at_ms: int) -> None:
            came.append((source, bytes(buffer[begin : begin + length])))

        deliver(batch.receive(), buffer, 0.0, 0, {}, other=other, failed=lambda error, length: None)
        first, second = sender.getsockname()[:2], another.getsockname()[:2]
        assert came == [(source, data) for source in (first, second) for data in (b"one", b"two", b"three")]


def test_it_is_known_when_each_came(pair: tuple[socket.socket, socket.socket]) -> None:
    """However late it is read: between its sending and what came next, in every batch."""
    sender, receiver = pair
    batch = DatagramBatch(receiver, bytearray(DATAGRAMS_MAX * SLOT_BYTES))
    for _ in range(2):
        instants_ns = []
        for _ in range(3):
            instants_ns.append(time.time_ns())
            send(sender, b"x", receiver.getsockname()[:2])
        instants_ns.append(time.time_ns())
        read = batch.receive()
        assert len(read.lengths) == 3
        for number, earliest_ns in enumerate(instants_ns[:-1]):
            assert earliest_ns <= read.unix_ns(number) <= instants_ns[number + 1]


def test_with_nothing_there_it_does_not_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    """As a socket that does not block."""
    with pytest.raises(BlockingIOError):
        DatagramBatch(pair[1], bytearray(DATAGRAMS_MAX * SLOT_BYTES)).receive()


def test_what_cannot_be_sent_says_why(pair: tuple[socket.socket, socket.socket]) -> None:
    """With the system's reason, as the interpreter's own call."""
    with pytest.raises(OSError) as caught:
        send(pair[0], bytes(1 << 17), pair[1].getsockname()[:2])
    assert caught.value.errno == errno.EMSGSIZE
