"""Right to read `/metrics`: the bearer of its token; without one, a program on this machine.

A request through a proxy never counts as this machine's, whatever address it shows: one header of a proxy is
enough. A proxy that adds none must not forward this address; that of docker-compose.yml does not.
"""

import hmac
from ipaddress import ip_address

from starlette.requests import Request

from proctoring.settings.settings import Settings
from proctoring.web.problems import Problem

FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def demand_watcher(request: Request, settings: Settings) -> None:
    """Raises Problem 401."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    token = settings.metrics_secret
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return
    if not given and _is_of_this_machine(request):
        return
    raise Problem(
        401,
        "Not for everybody",
        "Figures are told to programs of this machine, or for a token.",
        "Ask on the machine itself, or send the token of PROCTORING_METRICS_TOKEN as Authorization: Bearer.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _is_of_this_machine(request: Request) -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    if request.client is None:  # a Unix socket: the front's, of several capture processes
        return True
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
