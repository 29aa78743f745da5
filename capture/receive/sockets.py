"""Binds one UDP port number on every address that is offered for media."""

import ipaddress
import socket
from collections.abc import Sequence

import structlog

from capture.errors import PortTaken

log = structlog.get_logger()

SOCKET_BUFFER_BYTES = 4 << 20  # some 2,000 packets: what 256 streams send in 60 ms
BIND_TRIES_MAX = 16  # for a number that is free on all addresses
WILDCARD = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - see `bind`


def bind(addresses: Sequence[str], number: int) -> tuple[dict[str, socket.socket], int]:
    """A socket for each address, all on one port number, and that number; 0 lets the system choose it.

    An address that is not this machine's stands for it behind NAT: one socket then listens on all addresses
    of its family. Raises PortTaken.
    """
    homes = _homes(addresses)
    tries = BIND_TRIES_MAX if number == 0 else 1
    for tries_left in reversed(range(tries)):
        sockets: dict[str, socket.socket] = {}
        try:
            chosen = number
            for home in dict.fromkeys(homes.values()):
                sockets[home] = _bound(home, chosen)
                chosen = sockets[home].getsockname()[1]
            return {address: sockets[home] for address, home in homes.items()}, chosen
        except OSError as error:
            close(sockets)
            if not tries_left:
                raise PortTaken(
                    f"UDP port {number or '(any)'} cannot be used on {home}: {error.strerror}.",
                    "Free it, or set PROCTORING_MEDIA_PORT to another.",
                ) from error
    raise AssertionError


def close(sockets: dict[str, socket.socket]) -> None:
    for bound in set(sockets.values()):
        bound.close()


def _homes(addresses: Sequence[str]) -> dict[str, str]:
    """Where to bind for each address."""
    foreign = {_family(address) for address in addresses if not _is_ours(address)}
    return {address: WILDCARD[f] if (f := _family(address)) in foreign else address for address in addresses}


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET


def _bound(home: str, number: int) -> socket.socket:
    bound = socket.socket(_family(home), socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        if bound.family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _widen(bound)
        bound.bind((home, number))
    except OSError:
        bound.close()
        raise
    return bound


def _is_ours(address: str) -> bool:
    with socket.socket(_family(address), socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def _widen(bound: socket.socket) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
    # The system counts its own overhead too and doubles what is asked for.
    if (got := bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)) < 2 * SOCKET_BUFFER_BYTES:
        remedy = f"Set sysctl net.core.rmem_max to {SOCKET_BUFFER_BYTES}: bursts may be lost else."
        log.warning("media-port.small-buffer", bytes=got // 2, remedy=remedy)
