"""Binds one UDP port number on every address that is offered for media: a socket for media, and a door.

Both have the same address. The system queues datagrams of known sources in the one, and of strangers in the
other (`capture.receive.sorting`). A flood from strangers fills the door alone.
"""

import ctypes
import ipaddress
import socket
import struct
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from capture.errors import PortTaken
from capture.receive import sorting
from capture.receive.delivery import Address

log = structlog.get_logger()

SOCKET_BUFFER_BYTES = 4 << 20  # some 2,000 packets: what 256 streams send in 60 ms
DOOR_BUFFER_BYTES = 1 << 20  # what is read of it in a round; a check of connectivity that is lost comes again
BIND_TRIES_MAX = 16  # for a number that is free on all addresses
WILDCARD = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - see `bind`

# socket(7); Python names none of them.
_ATTACH_FILTER, _ATTACH_REUSEPORT_CBPF, _RCVBUFFORCE, _MEMINFO = 26, 51, 33, 55
_MEMINFO_FORM, _MEMINFO_LOST = struct.Struct("=9I"), 8


@dataclass(frozen=True, slots=True)
class Bound:
    """The sockets of one address. Without a `door`, where the system does not sort, all comes to `media`."""

    media: socket.socket
    door: socket.socket | None

    def sort(self, sources: Collection[Address]) -> None:
        """From now on these are the known sources; those of another family than the address's count not."""
        if self.door is None:
            return
        family = self.media.family
        own = [one for one in sources if (":" in one[0]) == (family == socket.AF_INET6)]
        try:
            _attach(self.media, _ATTACH_REUSEPORT_CBPF, sorting.by_source(own, family))
        except OSError as error:  # more than net.core.optmem_max allows: known sources go first
            log.warning("media-port.sorted-coarsely", sources=len(own), error=error.strerror)
            _attach(self.media, _ATTACH_REUSEPORT_CBPF, sorting.by_first_byte())

    def lost(self) -> int:
        """How many datagrams the system has dropped since `bind` because `media` was full; 0 where it does
        not say."""
        try:
            figures = self.media.getsockopt(socket.SOL_SOCKET, _MEMINFO, _MEMINFO_FORM.size)
        except OSError:
            return 0
        lost: int = _MEMINFO_FORM.unpack(figures)[_MEMINFO_LOST]
        return lost

    def close(self) -> None:
        self.media.close()
        if self.door is not None:
            self.door.close()


def bind(addresses: Sequence[str], number: int) -> tuple[dict[str, Bound], int]:
    """The sockets for each address, all on one port number, and that number; 0 lets the system choose it.

    An address that is not this machine's is a NAT's public one: sockets that listen on all addresses of its
    family then serve it. Raises PortTaken.
    """
    homes = _homes(addresses)
    tries = BIND_TRIES_MAX if number == 0 else 1
    for tries_left in reversed(range(tries)):
        found: dict[str, Bound] = {}
        try:
            chosen = number
            for home in dict.fromkeys(homes.values()):
                found[home] = _bound(home, chosen)
                chosen = found[home].media.getsockname()[1]
            return {address: found[home] for address, home in homes.items()}, chosen
        except OSError as error:
            for bound in found.values():
                bound.close()
            if not tries_left:
                raise PortTaken(
                    f"UDP port {number or '(any)'} cannot be used on {home}: {error.strerror}.",
                    "Free it, or set PROCTORING_MEDIA_PORT to another.",
                ) from error
    raise AssertionError


def _homes(addresses: Sequence[str]) -> dict[str, str]:
    """Where to bind for each address."""
    foreign = {_family(address) for address in addresses if not _is_ours(address)}
    return {address: WILDCARD[f] if (f := _family(address)) in foreign else address for address in addresses}


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET


def _bound(home: str, number: int) -> Bound:
    """The door binds alone, so that a port in use is noticed; only then may the other bind it too."""
    door = _socket(_family(home))
    try:
        door.bind((home, number))
        return _beside(door)
    except OSError:
        door.close()
        raise


def _beside(door: socket.socket) -> Bound:
    """The port's two sockets, in the order of `sorting`; the one that there is where that cannot be."""
    media = _socket(door.family)
    bound = Bound(media, door)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        media.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        media.bind(door.getsockname())
        bound.sort(())
        _attach(door, _ATTACH_FILTER, sorting.like_stun())
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DOOR_BUFFER_BYTES)
    except OSError as error:
        media.close()
        log.warning("media-port.unsorted", error=error.strerror, remedy="Who floods the port costs packets.")
        bound = Bound(door, None)
    _widen(bound.media)
    return bound


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _attach(bound: socket.socket, option: int, program: bytes) -> None:
    """Hands a program to the system (struct sock_fprog). Raises OSError."""
    kept = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HP", len(program) // sorting.INSTRUCTION_BYTES, ctypes.addressof(kept))
    bound.setsockopt(socket.SOL_SOCKET, option, head)


def _is_ours(address: str) -> bool:
    with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _widen(bound: socket.socket) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
    with suppress(PermissionError):  # beyond net.core.rmem_max, for who administers the network
        bound.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, SOCKET_BUFFER_BYTES)
    # The system counts its own overhead too and doubles what is asked for.
    if (got := bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)) < 2 * SOCKET_BUFFER_BYTES:
        remedy = f"Set sysctl net.core.rmem_max to {SOCKET_BUFFER_BYTES}: bursts may be lost else."
        log.warning("media-port.small-buffer", bytes=got // 2, remedy=remedy)
