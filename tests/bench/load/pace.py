"""Sends every publisher's bursts when they are due, and knows how late it was."""

import asyncio
import heapq
import time
from collections.abc import Sequence

from tests.bench.load.clip import LENGTH_S, Burst
from tests.bench.load.publisher import Publisher

LATE_MS = 20.0
NAP_S = 0.002  # a shorter sleep costs more than it brings: bursts are due all the time
BEGIN_S = 1.0  # after the connection stands: a receiver may need a moment to be ready for media
SPREAD_S = 2.0  # the distance of keyframes: publishers that begin together must not send them together
SPREAD = 0.618034


class Pace:
    """One loop for all publishers."""

    def __init__(self, clip: Sequence[Burst], begin_s: float = BEGIN_S) -> None:
        self._clip = clip
        self._begin_s = begin_s
        self._due: list[tuple[float, int, int, float, Publisher]] = []
        self._added = 0
        self._settled = False
        self._bursts = 0
        self._late = 0
        self.late_ms_max = 0.0
        self.stopped = False

    def add(self, publisher: Publisher) -> None:
        """From its own moment on, the publisher sends the clip over and over."""
        begin_s = time.monotonic() + self._begin_s + self._added * SPREAD % 1 * SPREAD_S
        heapq.heappush(self._due, (begin_s, self._added, 0, begin_s, publisher))
        self._added += 1

    def settle(self) -> None:
        """Lateness counts from now on; before, connecting others takes the loop's time."""
        self._settled = True

    @property
    def late_share(self) -> float:
        """Of the bursts since `settle`, those that went more than LATE_MS after they were due."""
        return self._late / max(1, self._bursts)

    async def run(self) -> None:
        """Sends until `stopped` is set."""
        while not self.stopped:
            now_s = time.monotonic()
            self._send_due(now_s)
            next_s = self._due[0][0] if self._due else now_s + NAP_S
            await asyncio.sleep(max(NAP_S, next_s - time.monotonic()))

    def _send_due(self, now_s: float) -> None:
        clip, due = self._clip, self._due
        while due and due[0][0] <= now_s:
            at_s, order, position, begin_s, publisher = due[0]
            rounds, index = divmod(position, len(clip))
            publisher.send(clip[index], rounds)
            publisher.report(now_s)
            if self._settled:
                late_ms = (time.monotonic() - at_s) * 1000
                self._bursts += 1
                self._late += late_ms > LATE_MS
                self.late_ms_max = max(self.late_ms_max, late_ms)
            position += 1
            rounds, index = divmod(position, len(clip))
            next_s = begin_s + rounds * LENGTH_S + clip[index].at_s
            heapq.heapreplace(due, (next_s, order, position, begin_s, publisher))
