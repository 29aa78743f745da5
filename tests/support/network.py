"""A network between a browser and the service that can be cut: HTTP by a route, media by a relay.

No rights are needed: each SDP answer is rewritten so that the browser sends to a relay, which passes
datagrams on both ways, or none while the network is cut.
"""

import re
import select
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Route

CANDIDATE = re.compile(r"a=candidate:(\S+) 1 (udp|UDP) (\d+) (127\.0\.0\.1) (\d+) typ host.*")
OFFERED = re.compile(r"(a=candidate:\S+ 1 \w+ \d+ \S+) \d+ typ")
DATAGRAM_BYTES_MAX = 1 << 16


@dataclass
class Network:
    """`cut` and `mend` act at once, on all that runs through it."""

    cut_now: threading.Event = field(default_factory=threading.Event)
    relays: list["_Relay"] = field(default_factory=list)

    def lead(self, context: BrowserContext) -> None:
        """Everything of this browser goes through the network from now on."""
        context.route("**/*", self._pass)

    def cut(self) -> None:
        self.cut_now.set()

    def mend(self) -> None:
        self.cut_now.clear()

    def close(self) -> None:
        for relay in self.relays:
            relay.close()

    def _pass(self, route: Route) -> None:
        if self.cut_now.is_set():
            route.abort("connectionfailed")
        elif route.request.method == "PATCH":
            route.fulfill(status=204)
        elif route.request.method == "POST" and urlsplit(route.request.url).path.endswith("/whip"):
            self._answer(route)
        else:
            route.continue_()

    def _answer(self, route: Route) -> None:
        # The service must not find the browser on its own: where the browser says it listens, nobody does.
        offer = OFFERED.sub(r"\1 9 typ", route.request.post_data or "")
        try:
            answer = route.fetch(post_data=offer)
        except Error:  # the service is away
            route.abort("connectionfailed")
            return
        lines = answer.text().split("\r\n")
        kept = [line for line in lines if not line.startswith("a=candidate:") or CANDIDATE.fullmatch(line)]
        route.fulfill(response=answer, body="\r\n".join(self._rerouted(line) for line in kept))

    def _rerouted(self, line: str) -> str:
        found = CANDIDATE.fullmatch(line)
        if found is None:
            return line
        relay = _Relay(int(found[5]), self.cut_now)
        self.relays.append(relay)
        return line.replace(f"127.0.0.1 {found[5]} ", f"127.0.0.1 {relay.port} ")


class _Relay(threading.Thread):
    """Datagrams between whoever sent to `port` last and the service's port."""

    def __init__(self, service_port: int, cut: threading.Event) -> None:
        super().__init__(daemon=True)
        self._service = ("127.0.0.1", service_port)
        self._cut = cut
        self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for each in (self._front, self._back):
            each.bind(("127.0.0.1", 0))
        self.port: int = self._front.getsockname()[1]
        self._closed = False
        self.start()

    def close(self) -> None:
        self._closed = True
        self.join(5)

    def run(self) -> None:
        browser = None
        while not self._closed:
            ready, _, _ = select.select([self._front, self._back], [], [], 0.2)
            for each in ready:
                with suppress(OSError):  # a port that nobody listens on any more
                    data, sender = each.recvfrom(DATAGRAM_BYTES_MAX)
                    if each is self._front:
                        browser = sender
                    if self._cut.is_set():
                        continue
                    if each is self._front:
                        self._back.sendto(data, self._service)
                    elif browser is not None:
                        self._front.sendto(data, browser)
        self._front.close()
        self._back.close()
