"""The one timer of the process for media: what came is read, then what is due is asked for and reported.

Reading at times, not at each packet, is what makes a packet cheap: the next one finds code and data in the
processor's cache. Each is timed by when the system received it.
"""

import asyncio
from collections.abc import Callable

import structlog

from capture.receive.port import MediaPort
from capture.receive.reception import Reception

log = structlog.get_logger()

ROUND_S = 0.04
REPORT_ROUNDS = 25  # a second


class Rounds:
    """Visits who misses packets, and each reception once a second for its report, spread over the second."""

    def __init__(self, port: MediaPort) -> None:
        self.port = port
        self.failures = 0
        self._slots: list[set[Reception]] = [set() for _ in range(REPORT_ROUNDS)]
        self._slot_of: dict[Reception, set[Reception]] = {}
        self._incomplete: set[Reception] = set()
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
        slot = self._slot_of[reception] = min(self._slots, key=len)
        slot.add(reception)

    def remove(self, reception: Reception) -> None:
        """Harmless to repeat."""
        self._slot_of.pop(reception, set()).discard(reception)
        self._incomplete.discard(reception)

    def expect(self, reception: Reception) -> None:
        """From now on it is visited in every round, until nothing is missing. It may be unknown by now."""
        if reception in self._slot_of:
            self._incomplete.add(reception)

    def _read(self) -> None:
        if self.port.read():
            asyncio.get_running_loop().call_soon(self._read)

    def _go(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(ROUND_S, self._go)
        self._read()
        self.port.read_doors()
        now_s, now_ms = self.port.now()
        self._round = (self._round + 1) % REPORT_ROUNDS
        if self._round == 0:
            self.port.second()
        for reception in [*self._incomplete]:
            self._try(self._ask_again, reception, now_ms)
        for reception in [*self._slots[self._round]]:
            self._try(reception.report, now_s)

    def _ask_again(self, reception: Reception, now_ms: int) -> None:
        if not reception.ask_again(now_ms):
            self._incomplete.discard(reception)

    def _try(self, step: Callable[..., None], *arguments: object) -> None:
        try:
            step(*arguments)
        except Exception:
            self.failures += 1
            log.exception("reception.failed")
