"""Connections that say nothing, say it slowly, or come without end."""

import asyncio
import time
from urllib.parse import urlsplit

from tests.attacks.streams import Invited, Stranger, beside_streams
from tests.attacks.wire import HOLD_S, Play, Wire, addresses, play, request, through
from tests.support.service import Service

TITLE = "Connections"
MANY = 1_100
DRIP_S = 0.5
CHURN_S = 10.0


async def _silent(_wire: Wire) -> None:
    """Nothing is sent."""


async def _slow_head(wire: Wire) -> None:
    await wire.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    while not wire.closed:
        await asyncio.sleep(DRIP_S)
        await wire.send(b"a")


async def _slow_second_head(wire: Wire) -> None:
    """The connection is kept alive after a whole request, and the next one never ends."""
    await wire.send(request("GET", "/healthz", {"Host": "127.0.0.1"}))
    await asyncio.sleep(1)
    wire.status = None
    await _slow_head(wire)


def _from_one(what: Play, count: int) -> Stranger:
    def stranger(service: Service, _invited: Invited) -> tuple[int, int]:
        return count, through(play(service.url, ["127.0.0.2"], count, what, HOLD_S))

    return stranger


def _from_many(what: Play, sources: int, each: int) -> Stranger:
    def stranger(service: Service, _invited: Invited) -> tuple[int, int]:
        return sources * each, through(play(service.url, addresses(sources), each, what, HOLD_S))

    return stranger


def _churn(service: Service, _invited: Invited) -> tuple[int, int]:
    """Connected and gone again, as fast as one process can."""

    async def come_and_go() -> int:
        place, end_s, count = urlsplit(service.url), time.monotonic() + CHURN_S, 0
        while time.monotonic() < end_s:
            try:
                _, writer = await asyncio.open_connection(place.hostname, place.port)
                writer.transport.abort()
            except OSError:
                pass
            count += 1
        return count

    return asyncio.run(come_and_go()), 0


ATTACKS = [
    *beside_streams("1,100 idle connections from one address", _from_one(_silent, MANY)),
    *beside_streams("3,300 idle connections from 330 addresses", _from_many(_silent, 330, 10)),
    *beside_streams("1,100 heads of requests, a byte each half second", _from_many(_slow_head, 110, 10)),
    *beside_streams(
        "500 second requests on kept connections, as slowly", _from_many(_slow_second_head, 50, 10)
    ),
    *beside_streams("connections that come and go without end", _churn),
]
