"""Datagrams in and out without handing the interpreter's lock over; in by the batch (Linux's recvmmsg(2)).

The interpreter's own way hands it, at each datagram, to whichever thread waits for it. The threads that seal
and commit then hold it for milliseconds each time, and the socket's buffer overflows meanwhile.
"""

import ctypes
import functools
import os
import socket
import struct
from typing import Any

from capture.receive.delivery import NAME_BYTES, SLOT_BYTES, Address, Read

DATAGRAMS_MAX = 1024  # no call reads more (UIO_MAXIOV); 256 streams bring about as many in a round
SOURCES_KEPT = 1024  # addresses already read: most datagrams come from a few

# Family, port in network order, address; in NAME_BYTES both.
_SOCKADDR_IN = struct.Struct("=H2s4s20x")
_SOCKADDR_IN6 = struct.Struct("=H2s4x16sI")

_TIMESTAMPS = 35  # SO_TIMESTAMPNS, socket(7): with each datagram comes when the system received it,
_CONTROL_WORDS = 4  # as struct cmsghdr in two words, then seconds and nanoseconds of Unix time
_CONTROL_BYTES = 8 * _CONTROL_WORDS


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


# PyDLL, since no call blocks and CDLL would hand the lock over all the same.
_system = ctypes.PyDLL(None, use_errno=True)
_recvmmsg, _sendto = _system.recvmmsg, _system.sendto
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_sendto.argtypes = (
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_uint32,
)
_sendto.restype = ctypes.c_ssize_t


def send(bound: socket.socket, data: bytes, address: Address) -> None:
    """Sends a datagram from a socket that does not block. Raises OSError, as `sendto`."""
    name = _name(bound.family, address)
    if _sendto(bound.fileno(), data, len(data), 0, name, len(name)) < 0:
        raise _error()


class DatagramBatch:
    """Reads one socket's datagrams into `buffer`, which has room for DATAGRAMS_MAX of SLOT_BYTES each."""

    def __init__(self, bound: socket.socket, buffer: bytearray) -> None:
        self._fileno = bound.fileno()
        self._address_of = _inet6 if bound.family == socket.AF_INET6 else _inet
        self._data = (ctypes.c_char * (DATAGRAMS_MAX * SLOT_BYTES)).from_buffer(buffer)
        self._names = (ctypes.c_char * (DATAGRAMS_MAX * NAME_BYTES))()
        self._controls = (ctypes.c_int64 * (DATAGRAMS_MAX * _CONTROL_WORDS))()
        self._vectors = (_Vector * DATAGRAMS_MAX)()
        self._messages: Any = (_Message * DATAGRAMS_MAX)()
        data, names = ctypes.addressof(self._data), ctypes.addressof(self._names)
        vectors, controls = ctypes.addressof(self._vectors), ctypes.addressof(self._controls)
        for number, (vector, message) in enumerate(zip(self._vectors, self._messages, strict=True)):
            vector.base, vector.size = data + number * SLOT_BYTES, SLOT_BYTES
            header = message.header
            header.name, header.name_bytes = names + number * NAME_BYTES, NAME_BYTES
            header.vectors, header.vector_count = vectors + number * ctypes.sizeof(_Vector), 1
            header.control, header.control_bytes = controls + number * _CONTROL_BYTES, _CONTROL_BYTES
        bound.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
        stamps = memoryview(self._controls).cast("B").cast("q")
        self._seconds, self._nanos = stamps[2::_CONTROL_WORDS], stamps[3::_CONTROL_WORDS]
        words = memoryview(self._messages).cast("B").cast("I")
        self._from = memoryview(self._names).cast("B")
        self._lengths = words[_Message.received.offset // 4 :: ctypes.sizeof(_Message) // 4]

    def receive(self) -> Read:
        """What there is, DATAGRAMS_MAX at most. Raises BlockingIOError for nothing, OSError as `recvfrom`."""
        count: int = _recvmmsg(self._fileno, self._messages, DATAGRAMS_MAX, 0, None)
        if count < 0:
            raise _error()
        return Read(
            self._lengths[:count].tolist(),
            self._from[: count * NAME_BYTES].tobytes(),
            self._address_of,
            self._seconds[:count].tolist(),
            self._nanos[:count].tolist(),
        )


@functools.lru_cache(SOURCES_KEPT)
def _inet(name: bytes) -> Address:
    family, port, number = _SOCKADDR_IN.unpack(name)
    return socket.inet_ntop(family, number), int.from_bytes(port, "big")


@functools.lru_cache(SOURCES_KEPT)
def _inet6(name: bytes) -> Address:
    family, port, number, scope = _SOCKADDR_IN6.unpack(name)
    host = socket.inet_ntop(family, number)
    return (f"{host}%{socket.if_indextoname(scope)}" if scope else host), int.from_bytes(port, "big")


@functools.lru_cache(SOURCES_KEPT)
def _name(family: int, address: Address) -> bytes:
    """struct sockaddr_in or sockaddr_in6."""
    host, _, zone = address[0].partition("%")
    port, number = address[1].to_bytes(2, "big"), socket.inet_pton(family, host)
    if family == socket.AF_INET6:
        return _SOCKADDR_IN6.pack(family, port, number, socket.if_nametoindex(zone) if zone else 0)
    return _SOCKADDR_IN.pack(family, port, number)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
