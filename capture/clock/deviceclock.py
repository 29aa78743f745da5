"""Offset of a sending device's clock against the server's.

It is estimated from arrivals alone, and the least delayed one counts. So a device whose clock is wrong by a
year is placed as well as any other. Integer microseconds throughout.
"""

from collections import deque

ROUND_TRIP_US_MAX = 200_000  # what took longer waited for a busy machine, rather than being on its way
ROUND_TRIPS_MIN = 3  # with fewer, the shortest says too little of the way
LEAST_OVER_US = 30_000_000  # an arrival counts for one to two such spans, so that drift is followed


class DeviceClock:
    """Offset of one device's clock against the server's; shared by all tracks that it sends."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int]] = deque(maxlen=2)  # (began at, least arrival − sender)
        self._round_trip_us = ROUND_TRIP_US_MAX
        self._round_trips = 0

    def observe(self, sender_us: int, arrival_us: int) -> None:
        """Learns from the arrival of something that left the device at `sender_us`, or was filmed then."""
        delay = arrival_us - sender_us
        if not self._spans or arrival_us - self._spans[-1][0] >= LEAST_OVER_US:
            self._spans.append((arrival_us, delay))
        elif delay < self._spans[-1][1]:
            self._spans[-1] = (self._spans[-1][0], delay)

    def round_trip(self, us: int) -> None:
        """Learns a measured round trip to the device. Of the shortest, half is taken off: even the least
        delayed packet was on its way that long. One that took no time at all was measured wrong."""
        if 0 < us <= ROUND_TRIP_US_MAX:
            self._round_trip_us = min(self._round_trip_us, us)
            self._round_trips += 1

    def set_anew(self) -> None:
        """The device's clock was set: what was learned before counts no more."""
        self._spans.clear()

    def server_us(self, sender_us: int) -> int | None:
        """That instant of the device's clock on the server's; None before anything was observed."""
        if not self._spans:
            return None
        way_us = self._round_trip_us // 2 if self._round_trips >= ROUND_TRIPS_MIN else 0
        return sender_us + min(delay for _, delay in self._spans) - way_us
