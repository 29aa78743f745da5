"""Readers of segments: each a connection that asks for one file after the other, and takes all of it."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle

BUFFER_BYTES = 1 << 20
IDLE_S_MAX = 3.0  # servers close what is idle for longer


@dataclass(frozen=True, slots=True)
class Source:
    """A server on this machine: its port, the cookies that it knows, and the addresses of each stream."""

    port: int
    cookies: Sequence[str]
    streams: Sequence[Sequence[str]]


class Reader:
    """One connection, kept while it is used, on which one person reads one stream."""

    def __init__(self, source: Source, number: int) -> None:
        self._source = source
        self._open: socket.socket | None = None
        self._used_s = 0.0
        cookie = source.cookies[number % len(source.cookies)]
        self._head = (
            f" HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n\r\n"
        )
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._paths = cycle(source.streams[number % len(source.streams)])

    def read(self) -> int:
        """The next file's number of bytes, after all of it has come."""
        connection = self._connection()
        connection.sendall(f"GET {next(self._paths)}{self._head}".encode())
        received = 0
        while (end := bytes(self._buffer[:received]).find(b"\r\n\r\n")) < 0:
            received += _taken(connection, self._buffer[received:])
        head = bytes(self._buffer[:end]).lower()
        assert b" 200 " in head.partition(b"\r\n")[0], head
        length = int(head.split(b"content-length:")[1].partition(b"\r\n")[0])
        missing = length - (received - end - 4)
        while missing:
            missing -= _taken(connection, self._buffer)
        self._used_s = time.perf_counter()
        return length

    def _connection(self) -> socket.socket:
        if self._open is None or time.perf_counter() - self._used_s > IDLE_S_MAX:
            self.close()
            self._open = socket.create_connection(("127.0.0.1", self._source.port))
            self._open.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def _taken(connection: socket.socket, into: memoryview) -> int:
    count = connection.recv_into(into)
    assert count, "the server closed the connection"
    return count


def hurried(source: Source, connections: int, files: int) -> float:
    """Seconds that so many readers take for all files, each asking as soon as it has one."""
    shares = [files // connections] * connections

    def read(reader: Reader, share: int) -> None:
        for _ in range(share):
            reader.read()

    return _together(source, shares, read)


def paced(source: Source, periods_s: Sequence[float], seconds: float) -> list[float]:
    """Milliseconds from when each file was due to its last byte, of a reader for each period."""
    took_ms: list[float] = []

    def read(reader: Reader, period_s: float) -> None:
        reader.read()  # the person's first look, which is entered
        begun = time.perf_counter() + period_s * (hash(reader) % 997) / 997
        for turn in range(int(seconds / period_s)):
            due = begun + turn * period_s
            time.sleep(max(0.0, due - time.perf_counter()))
            reader.read()
            took_ms.append(1000 * (time.perf_counter() - due))

    _together(source, periods_s, read)
    return took_ms


def _together(source: Source, given: Sequence[float], read: Callable[..., None]) -> float:
    readers = [Reader(source, number) for number in range(len(given))]
    threads = [
        threading.Thread(target=read, args=(reader, one)) for reader, one in zip(readers, given, strict=True)
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    for reader in readers:
        reader.close()
    return took
