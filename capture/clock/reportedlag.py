"""Delay of a track's ticks against its sender's clock, from the sender's reports.

Reports name one instant on both clocks (RFC 3550 section 6.4.1), so the network has no part in it. A first
report alone gives no delay; after a change of the sender's clock the estimate starts over. Integer
microseconds.
"""

from typing import Final, final

IN_STEP_US: Final = 80_000  # some senders name the time of their last packet; below, the two go together
SET_US: Final = 150_000  # a report that comes this much before it could was made by a clock that was set
NETWORK_US_MAX: Final = 10_000_000  # no packet is longer on its way
DRIFT_US_MAX: Final = 300_000  # in a second: a clock that runs more wrong than this leapt


@final
class ReportedLag:
    """`lag_us` by the last report, at `told_ms` (None: no report since a leap). `every_ms` is the time
    between two reports, `drift_us` the growth of the lag per second."""

    def __init__(self) -> None:
        self.lag_us = 0
        self.told_ms: int | None = None
        self.every_ms = 0
        self.drift_us = 0
        self._in_step_us: int | None = None  # sender's clock − ticks
        self._way_us = 0  # arrival − sender's clock, of the quickest report
        self._reported_ms = 0
        self._raw_us = 0

    @property
    def ever(self) -> bool:
        """Whether there was any report."""
        return self._in_step_us is not None

    def take(self, sender_us: int, ticks_us: int, moved_us: int, arrival_ms: int, supposed_us: int) -> None:
        """Learns from a report: one instant on the sender's clock and in ticks as they came, to be moved by
        so much. `supposed_us` is the lag where the reports begin."""
        between_us = sender_us - ticks_us - moved_us
        way_us = arrival_ms * 1000 - sender_us
        if self._in_step_us is None or not -SET_US <= way_us - self._way_us <= NETWORK_US_MAX:
            self.lag_us, self.told_ms = supposed_us, None
            self._in_step_us, self._way_us = between_us - supposed_us, way_us
        else:
            self.every_ms, self.told_ms = arrival_ms - self._reported_ms, arrival_ms
            drift_us = (sender_us - ticks_us - self._raw_us) * 1000 // max(self.every_ms, 1)
            if abs(drift_us) <= DRIFT_US_MAX:
                self.drift_us = drift_us
            self._way_us = min(self._way_us, way_us)
            self.lag_us = between_us - self._in_step_us
            if abs(self.lag_us) < IN_STEP_US:
                self._in_step_us += self.lag_us // 8
        self._reported_ms, self._raw_us = arrival_ms, sender_us - ticks_us

    def at(self, now_ms: int) -> int:
        """The lag now, if it grew on since the last report."""
        since_ms = 0 if self.told_ms is None else now_ms - self.told_ms
        return self.lag_us + since_ms * self.drift_us // 1000

    def is_told_since(self, ms: int) -> bool:
        return self.told_ms is not None and self.told_ms >= ms

    def moved(self, by_us: int) -> None:
        """The ticks were moved slowly."""
        self.lag_us -= by_us

    def leapt(self) -> None:
        """The ticks were moved at once, by what may have been more than was reported."""
        self.lag_us, self.told_ms = 0, None
