"""Datagrams through sockets of both families, many at a time."""

import errno
import socket
from collections.abc import Iterator

import pytest

from capture.receive.batch import DATAGRAMS_MAX, SLOT_BYTES, Batch, send

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
    """Bytes, order and source, an empty datagram too."""
    sender, receiver = pair
    sent = [b"first", b"", bytes(range(256)) * 5]
    for data in sent:
        send(sender, data, receiver.getsockname()[:2])
    buffer = bytearray(DATAGRAMS_MAX * SLOT_BYTES)
    batch = Batch(receiver, buffer)
    got = batch.datagrams(batch.receive())
    assert [bytes(buffer[begin : begin + length]) for begin, length, _ in got] == sent
    assert {source for _, _, source in got} == {sender.getsockname()[:2]}


def test_with_nothing_there_it_does_not_wait(pair: tuple[socket.socket, socket.socket]) -> None:
    """As a socket that does not block."""
    with pytest.raises(BlockingIOError):
        Batch(pair[1], bytearray(DATAGRAMS_MAX * SLOT_BYTES)).receive()


def test_what_cannot_be_sent_says_why(pair: tuple[socket.socket, socket.socket]) -> None:
    """With the system's reason, as the interpreter's own call."""
    with pytest.raises(OSError) as caught:
        send(pair[0], bytes(1 << 17), pair[1].getsockname()[:2])
    assert caught.value.errno == errno.EMSGSIZE
