"""Datagrams at a steady rate from many sources of loopback, by sendmmsg(2): as fast as one process can."""

import ctypes
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from capture.receive.datagrams import _Message, _Vector

SOURCES = 40
IN_A_CALL = 100
FIRST = -10  # "nice", for as long as it sends
KINDS = 64  # different datagrams of each source

_system = ctypes.CDLL(None, use_errno=True)


def flood(port: int, datagram: Callable[[], bytes], per_s: int, seconds: float) -> int:
    """Sends what `datagram` makes to this port of loopback; how many the system took. Late ones are made up
    for, so that the rate is the mean."""
    sources = [
        _Source(f"127.0.3.{number + 1}", port, [datagram() for _ in range(KINDS)])
        for number in range(SOURCES)
    ]
    begun_s, sent, turn = time.monotonic(), 0, 0
    with suppress(PermissionError):  # a stranger's machine is not busy with ours
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), FIRST)
    while (passed_s := time.monotonic() - begun_s) < seconds:
        if sent < passed_s * per_s:
            sent += sources[turn % SOURCES].send()
            turn += 1
        else:
            time.sleep(0.0005)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 0)
    for one in sources:
        one.close()
    return sent


class _Source:
    """One address that sends the same datagrams over and over, IN_A_CALL at once."""

    def __init__(self, host: str, port: int, datagrams: Sequence[bytes]) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect(("127.0.0.1", port))
        self._kept = [ctypes.create_string_buffer(one, max(1, len(one))) for one in datagrams]
        self._vectors = (_Vector * IN_A_CALL)()
        self._messages: Any = (_Message * IN_A_CALL)()
        for number in range(IN_A_CALL):
            data, kept = datagrams[number % len(datagrams)], self._kept[number % len(datagrams)]
            self._vectors[number].base, self._vectors[number].size = ctypes.addressof(kept), len(data)
            header = self._messages[number].header
            header.vectors = ctypes.addressof(self._vectors) + number * ctypes.sizeof(_Vector)
            header.vector_count = 1

    def send(self) -> int:
        sent: int = _system.sendmmsg(self._socket.fileno(), self._messages, IN_A_CALL, 0)
        return max(0, sent)

    def close(self) -> None:
        self._socket.close()
