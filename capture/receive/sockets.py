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

    An address that is not this machine's stands for it behind NAT: the socket then listens on all addresses
    of its family. Raises PortTaken.
    """
    tries = BIND_TRIES_MAX if number == 0 else 1
    for tries_left in reversed(range(tries)):
        sockets: dict[str, socket.socket] = {}
        try:
            chosen = number
            for address in addresses:
                sockets[address] = _for_address(address, chosen, sockets)
                chosen = sockets[address].getsockname()[1]
            return sockets, chosen
        except OSError as error:
            close(sockets)
            if not tries_left:
                raise PortTaken(
                    f"UDP port {number or '(any)'} cannot be used on {address}: {error.strerror}.",
                    "Free it, or set PROCTORING_MEDIA_PORT to another.",
                ) from error
    raise AssertionError


def close(sockets: dict[str, socket.socket]) -> None:
    for bound in set(sockets.values()):
        bound.close()


def _for_address(address: str, number: int, sockets: dict[str, socket.socket]) -> socket.socket:
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    if _is_ours(family, address):
        return _bound(family, address, number)
    wildcards = [bound for bound in sockets.values() if bound.getsockname()[0] == WILDCARD[family]]
    return wildcards[0] if wildcards else _bound(family, WILDCARD[family], number)


def _bound(family: socket.AddressFamily, address: str, number: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _widen(bound)
        bound.bind((address, number))
    except OSError:
        bound.close()
        raise
    return bound


def _is_ours(family: socket.AddressFamily, address: str) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
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
