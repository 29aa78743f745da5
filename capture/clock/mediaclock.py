"""Time at which a frame was filmed, on the server's clock, from arrivals and the sender's reports.

A frame cannot arrive before it was filmed, so the earliest arrival relative to RTP time is near the truth.
The sender's reports are nearer, and synchronise the tracks of one device. A sender may lie, so its reports
move no frame later than its arrival, nor more than TRUST_US before the time by arrivals.

Within a take the mapping is constant, except for a slow slew at segment boundaries. Stalls and leaps have
been removed from the ticks before (`capture.clock.steadyticks`). Internally microseconds, so that no rounding
accumulates.
"""

from typing import Final, final

from capture.clock.deviceclock import DeviceClock
from capture.clock.senderclock import SenderClock

SLEW_MAX_US: Final = 2_000  # per segment of about 4 s: 500 ppm, ten times the drift of a bad quartz
ALIGN_MAX_US: Final = (
    20_000  # likewise, where reports tell: two such steps bring what the network tore apart in step
)
DEAD_ZONE_US: Final = 10_000  # residuals within are noise of the minimum
TRUST_US: Final = 500_000
CALM_MOVE_MAX_US: Final = 50_000


@final
class TrackClock:
    """RTP ticks of one track → Unix microseconds of the server. All tracks of a device share its `device`."""

    def __init__(self, clock_rate: int, device: DeviceClock | None = None) -> None:
        self._rate = clock_rate
        self._device = device or DeviceClock()
        self._sender = SenderClock(clock_rate)
        self._ticks = 0
        self._anchor_us: int | None = None
        self._frozen = False
        self._floor_us: int | None = None
        self._least_us: int | None = None

    @property
    def running(self) -> bool:
        """Whether any frame has been observed yet."""
        return self._anchor_us is not None

    @property
    def settled(self) -> bool:
        """Whether the mapping is frozen."""
        return self._frozen

    def observe(self, ticks: int, arrival_ms: int) -> None:
        """Learns from a frame's arrival. Until the first `settle` the mapping may still move earlier."""
        anchor = arrival_ms * 1000 - ticks * 1_000_000 // self._rate
        self._ticks = ticks
        if self._anchor_us is None:
            self._anchor_us = anchor
        elif not self._frozen:
            if anchor < self._anchor_us:
                self._anchor_us = anchor if self._floor_us is None else max(anchor, self._floor_us)
        elif self._least_us is None or anchor - self._anchor_us < self._least_us:
            self._least_us = anchor - self._anchor_us

    def calm(self) -> None:
        """The frames that queued at the beginning have come: from here on the mapping moves little."""
        if self._floor_us is None and self._anchor_us is not None:
            self._floor_us = self._anchor_us - CALM_MOVE_MAX_US

    def report(self, sender_us: int, ticks: int, arrival_ms: int) -> None:
        """Learns from a sender report (RFC 3550 section 6.4.1): one instant as Unix microseconds of the
        sender's clock and in ticks."""
        if self._anchor_us is None:
            return
        if not self._sender.report(sender_us, ticks):
            self._device.set_anew()
        self._device.observe(sender_us, arrival_ms * 1000)

    def forget_reports(self) -> None:
        """The track's clock runs wrong: what its reports said places no frame."""
        self._sender = SenderClock(self._rate)

    def settle(self) -> None:
        """Call at a segment boundary. Freezes the mapping the first time; each later time slews it a little
        towards the sender's reports, where there are any."""
        if self._anchor_us is None:
            return
        least, self._least_us = self._least_us, None
        if not self._frozen:
            self._frozen = True
            self._anchor_us += self._told_us(0) or 0
            return
        told = None if least is None else self._told_us(least)
        limit, residual = (SLEW_MAX_US, least or 0) if told is None else (ALIGN_MAX_US, told)
        if abs(residual) > DEAD_ZONE_US:
            self._anchor_us += max(-limit, min(limit, residual))

    def _told_us(self, least_us: int) -> int | None:
        """By how much the mapping is early, as the reports say; None without any that arrivals bear out, by
        which it is `least_us` early.
        """
        sender_us = self._sender.sender_us(self._ticks)
        server_us = None if sender_us is None else self._device.server_us(sender_us)
        if server_us is None:
            return None
        told = server_us - self.unix_us(self._ticks)
        return min(told, least_us) if abs(told - least_us) <= TRUST_US else None

    def unix_us(self, ticks: int) -> int:
        """Unix microseconds at which the frame with these ticks was filmed, as far as is known."""
        assert self._anchor_us is not None, "no frame has been observed"
        return self._anchor_us + ticks * 1_000_000 // self._rate


def to_ms(microseconds: int) -> int:
    """Whole milliseconds, rounded to the nearest."""
    return (microseconds + 500) // 1000
