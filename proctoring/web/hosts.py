"""Names that this service answers to: that of its base URL, and this machine's own.

A stranger's name that DNS leads here would otherwise make our pages part of that stranger's origin. Links
made from the name in a request would then lead there.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from proctoring.settings.address import LOOPBACK_HOSTS
from proctoring.settings.settings import Settings
from proctoring.web.problems import Problem, render

FOR_OPERATORS = frozenset({"/healthz", "/readyz", "/metrics", "/load", "/load/figures"})
"""Asked for from inside under names that no candidate sees; no link is made there."""


class KnownHosts:
    """ASGI middleware that answers 421 to a request for another host; with `hosts` None, to none."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._hosts is None or scope["path"] in FOR_OPERATORS:
            await self._app(scope, receive, send)
            return
        if host_of(Headers(scope=scope).get("host", "")) in self._hosts:
            await self._app(scope, receive, send)
            return
        problem = Problem(
            421, "Not this address", "This service has another name.", "Use the address that you were given."
        )
        await render(Request(scope), problem)(scope, receive, send)


def known_hosts(settings: Settings) -> frozenset[str] | None:
    """The names, in lower case; None where it listens on all addresses and no name is configured."""
    host = host_of(urlsplit(settings.base_url).netloc)
    return None if _is_every_address(host) else LOOPBACK_HOSTS | {host}


def host_of(authority: str) -> str:
    """The host of `host:port`, in lower case; "" when it cannot be read."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
