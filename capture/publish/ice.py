"""Addresses at which the ingest listens for media, and the STUN and TURN servers for publishers."""

from collections.abc import Sequence
from dataclasses import dataclass

from aioice.ice import get_host_addresses

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, such as `turn:turn.example.org?transport=udp`, with its credential for TURN."""

    url: str
    username: str = ""
    credential: str = ""


def own_addresses() -> tuple[str, ...]:
    """This machine's addresses, loopback included: a browser on this machine may have no other way."""
    return (*dict.fromkeys([*get_host_addresses(use_ipv4=True, use_ipv6=True), LOOPBACK]),)


def link_headers(servers: Sequence[IceServer]) -> list[str]:
    """A Link header value per server (RFC 9725 section 4.6, RFC 8288)."""
    values = []
    for server in servers:
        value = f'<{server.url}>; rel="ice-server"'
        if server.username:
            value += f'; username="{_quoted(server.username)}"; credential="{_quoted(server.credential)}"'
            value += '; credential-type="password"'
        values.append(value)
    return values


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
