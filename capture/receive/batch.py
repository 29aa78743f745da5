"""Many datagrams by one system call (Linux's recvmmsg(2)).

The interpreter's own way is a call for each datagram, and each one hands the interpreter's lock to whichever
thread waits for it: the threads that seal and commit beside then contend for it at every packet.
"""

import ctypes
import functools
import os
import socket
import struct
from collections.abc import Iterator
from typing import Any

DATAGRAMS_MAX = 64
SOURCES_KEPT = 1024  # addresses already read: most datagrams come from a few

_NAME_BYTES = 28  # struct sockaddr_in6, the longest
_INET = struct.Struct("!2xH4s")
_INET6 = struct.Struct("!2xH4x16s")
_SCOPE = struct.Struct("=24xI")


class _Header(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_bytes", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_bytes", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = (("header", _Header), ("received", ctypes.c_uint32))


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


_recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)


class Batch:
    """Room for DATAGRAMS_MAX datagrams of one socket; of each, `datagram_bytes` are kept."""

    def __init__(self, bound: socket.socket, datagram_bytes: int) -> None:
        self._fileno = bound.fileno()
        self._inet6 = bound.family == socket.AF_INET6
        self._data = (ctypes.c_char * (DATAGRAMS_MAX * datagram_bytes))()
        self._names = (ctypes.c_char * (DATAGRAMS_MAX * _NAME_BYTES))()
        self._vectors = (_Vector * DATAGRAMS_MAX)()
        self._messages: Any = (_Message * DATAGRAMS_MAX)()
        data, names = ctypes.addressof(self._data), ctypes.addressof(self._names)
        vectors = ctypes.addressof(self._vectors)
        for number, (vector, message) in enumerate(zip(self._vectors, self._messages, strict=True)):
            vector.base, vector.size = data + number * datagram_bytes, datagram_bytes
            header = message.header
            header.name, header.name_bytes = names + number * _NAME_BYTES, _NAME_BYTES
            header.vectors, header.vector_count = vectors + number * ctypes.sizeof(_Vector), 1
        self._lengths = memoryview(self._messages).cast("B").cast("I")
        self._bytes = memoryview(self._data).cast("B")
        self._sources = memoryview(self._names).cast("B")
        self._datagram_bytes = datagram_bytes

    def receive(self) -> int:
        """How many datagrams there are now. Raises BlockingIOError for none, OSError as `recvfrom`."""
        count: int = _recvmmsg(self._fileno, self._messages, DATAGRAMS_MAX, 0, None)
        if count < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return count

    def datagrams(self, count: int) -> Iterator[tuple[memoryview, tuple[str, int]]]:
        """The first `count` of them and where each came from; valid until the next `receive`."""
        size, step = self._datagram_bytes, ctypes.sizeof(_Message) // 4
        lengths = self._lengths[_Message.received.offset // 4 :: step]
        read = _inet6 if self._inet6 else _inet
        name_bytes = _NAME_BYTES if self._inet6 else _INET.size
        for number in range(count):
            begin, name = number * size, number * _NAME_BYTES
            source = read(bytes(self._sources[name : name + name_bytes]))
            yield self._bytes[begin : begin + lengths[number]], source


@functools.lru_cache(SOURCES_KEPT)
def _inet(name: bytes) -> tuple[str, int]:
    port, address = _INET.unpack(name)
    return socket.inet_ntop(socket.AF_INET, address), port


@functools.lru_cache(SOURCES_KEPT)
def _inet6(name: bytes) -> tuple[str, int]:
    port, address = _INET6.unpack_from(name)
    host = socket.inet_ntop(socket.AF_INET6, address)
    (scope,) = _SCOPE.unpack(name)
    return (f"{host}%{socket.if_indextoname(scope)}" if scope else host), port
