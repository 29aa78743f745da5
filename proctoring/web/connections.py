"""Connections of strangers, bounded: their number, and the time for a head to come or an answer to be taken.

Uvicorn has a limit for idle connections that sent a request before, and none of these:

- A connection is closed HEAD_S_MAX after it began, or after its last answer, unless a whole head of a request
  has come. Of an unwanted body, UNWANTED_BYTES_MAX are discarded meanwhile, so that the sender reads the
  answer (RFC 9112, section 9.6). No more is read.
- An answer that is not taken at SLOWEST_BYTES_PER_S is given up.
- One address has at most ADDRESS_MAX connections. Proxies are excepted: what they hand on is bounded by
  request.
- There are `most` in all. Beyond it the connection that has waited longest for a head makes room, so that
  idle ones keep nobody out. If none waits, the new one is refused.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import h11
import prometheus_client
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import get_remote_addr

HEAD_S_MAX = 10.0
KEEP_ALIVE_S = 5
SLOWEST_BYTES_PER_S = 4096
UNWANTED_BYTES_MAX = 256 << 10
IPV6_PREFIX = 64
ADDRESS_MAX = 512  # an exam centre behind one address has no more at once

ENDED = prometheus_client.Counter(
    "http_connections_ended", "Connections refused or closed by a limit, by which.", ["limit"]
)


class Connections:
    """Those of one server: at most `most`, of which one address that is no proxy has ADDRESS_MAX."""

    def __init__(self, most: int, proxies: Sequence[str] = ()) -> None:
        self._most = most
        self._proxies = [ip_network(one) for one in proxies]
        self._all: dict[BoundedProtocol, str] = {}
        self._held: Counter[str] = Counter()
        self._waiting: dict[BoundedProtocol, None] = {}  # for a head; the one that began first comes first

    def __len__(self) -> int:
        return len(self._all)

    def admit(self, one: "BoundedProtocol", address: str) -> bool:
        """Whether there is room for it, which may cost another its place."""
        holder = self._holder(address)
        if holder and self._held[holder] >= ADDRESS_MAX:
            ENDED.labels("address").inc()
            return False
        if len(self._all) >= self._most:
            ENDED.labels("all").inc()
            longest = next(iter(self._waiting), None)
            if longest is None:
                return False
            longest.end()
            self.forget(longest)
        self._all[one] = holder
        self._held[holder] += 1
        return True

    def waits(self, one: "BoundedProtocol") -> None:
        """It waits for the head of a request, from now on."""
        self._waiting.pop(one, None)
        self._waiting[one] = None

    def is_waiting(self, one: "BoundedProtocol") -> bool:
        """Whether it has no request in hand."""
        return one in self._waiting

    def works(self, one: "BoundedProtocol") -> None:
        """It has a request in hand."""
        self._waiting.pop(one, None)

    def forget(self, one: "BoundedProtocol") -> None:
        """It is gone. Harmless to repeat."""
        self._waiting.pop(one, None)
        holder = self._all.pop(one, None)
        if holder is not None:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    def _holder(self, address: str) -> str:
        """Whose it is; "" for what is no single client's: a socket of the front, a proxy."""
        if not address or any(ip_address(address.partition("%")[0]) in proxy for proxy in self._proxies):
            return ""
        return holder_of(address)


class BoundedProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 within the limits of its `registry`."""

    registry: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        peer = get_remote_addr(transport)
        self._clock: asyncio.TimerHandle | None = None
        self._unsent = 0  # bytes of an answer that waited when the clock last ran out
        self._took = False
        self._unwanted = 0  # bytes since the last answer, of the body that was not read for it
        self._admitted = self.registry.admit(self, peer[0] if peer else "")
        if not self._admitted:
            transport.abort()
            return
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._admitted:
            return
        self._stop_clock()
        self.registry.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and self.cycle.response_complete and self.conn.their_state is h11.SEND_BODY:
            self._unwanted += len(data)
            if self._unwanted > UNWANTED_BYTES_MAX:
                self.flow.pause_reading()

    def handle_events(self) -> None:
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and not self.cycle.response_complete:
            self.registry.works(self)

    def on_response_complete(self) -> None:
        self._unwanted = 0
        self._wait()
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._took = True
        super().resume_writing()

    def end(self) -> None:
        """Closes it at once, whatever is left to send."""
        self._stop_clock()
        self.transport.abort()

    def _wait(self) -> None:
        self.registry.waits(self)
        self._start_clock()

    def _start_clock(self) -> None:
        self._stop_clock()
        self._clock = self.loop.call_later(HEAD_S_MAX, self._look)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _look(self) -> None:
        """HEAD_S_MAX have passed: since it began to wait, or since the last look."""
        unsent, before = self.transport.get_write_buffer_size(), self._unsent
        took, self._took, self._unsent = self._took, False, unsent
        slow = bool(before and unsent) and not took and before - unsent < SLOWEST_BYTES_PER_S * HEAD_S_MAX
        silent = self.registry.is_waiting(self) and not unsent
        if slow or silent:
            ENDED.labels("answer" if slow else "head").inc()
            self.end()
        else:
            self._start_clock()


def holder_of(address: str) -> str:
    """The holder of an address: the address itself; in IPv6 its /64, since one customer has all of it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:  # as a proxy named it
        return address
    return str(found) if found.version == 4 else str(ip_network((found, IPV6_PREFIX), strict=False))


def bounded(registry: Connections) -> type[asyncio.Protocol]:
    """The protocol for uvicorn's `http`, with this registry."""
    return type("Bounded", (BoundedProtocol,), {"registry": registry})
