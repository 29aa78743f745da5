"""The one timer of the process for media: what came is read, then what is due is asked for and reported.

Reading at times, not at each packet, is what makes a packet cheap: the next one finds code and data in the
processor's cache. Each is timed by when the system received it.
"""

import asyncio

import structlog

from capture.receive.port import MediaPort
from capture.receive.reception import Reception

log = structlog.get_logger()

ROUND_S = 0.03
REPORT_ROUNDS = 33  # a second


class Rounds:
    """Visits every reception; their reports are spread over the second."""

    def __init__(self, port: MediaPort) -> None:
        self.port = port
        self.failures = 0
        self._receptions: set[Reception] = set()
        self._next_slot = 0
        self._timer: asyncio.TimerHandle | None = None
        self._round = 0

    def start(self) -> None:
        """Opens the port and begins. Raises PortTaken."""
        self.port.open()
        self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go)

    def stop(self) -> None:
        """Ends, and closes the port."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.port.close()

    def add(self, reception: Reception) -> None:
        reception.slot = self._next_slot
        self._next_slot = (self._next_slot + 1) % REPORT_ROUNDS
        self._receptions.add(reception)

    def remove(self, reception: Reception) -> None:
        """Harmless to repeat."""
        self._receptions.discard(reception)

    def _read(self) -> None:
        if self.port.read():
            asyncio.get_running_loop().call_soon(self._read)

    def _go(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go)
        self._read()
        now_s, now_ms = self.port.now()
        self._round = (self._round + 1) % REPORT_ROUNDS
        if self._round == 0:
            self.port.second()
        for reception in list(self._receptions):
            try:
                reception.ask_again(now_ms)
                if reception.slot == self._round:
                    reception.report(now_s)
            except Exception:
                self.failures += 1
                log.exception("reception.failed")
