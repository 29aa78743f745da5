"""STUN and TURN servers for publishers."""

from capture.publish.ice import IceServer
from capture.publish.relay import Relays
from proctoring.core import Core
from proctoring.errors import Invalid
from proctoring.settings.settings import Settings


def ice_servers(settings: Settings) -> list[IceServer]:
    """Those with a credential that stays, or none."""
    return [IceServer(one.url, one.username or "", one.credential or "") for one in settings.ice_servers]


def relays_of(core: Core) -> Relays | None:
    """Our own relays, if there are any. Raises Invalid without their secret."""
    settings = core.settings
    if not settings.turn_urls:
        return None
    secret = settings.turn_shared_secret(settings.data)
    if not secret:
        raise Invalid(
            "PROCTORING_TURN_URLS names relays, and their secret is not here.",
            "Set PROCTORING_TURN_SECRET_FILE, or run `proctoring init --secrets`.",
        )
    return Relays(settings.turn_urls, secret, core.clock)
