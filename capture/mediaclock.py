"""When a frame was filmed, on the server's clock, told from the arrivals that were delayed least.

A frame cannot arrive before it was filmed, so the earliest arrival relative to RTP time is the nearest to the
truth. Within a take the mapping stays put, but for a slow slew at segment boundaries that follows the drift
of two real clocks; only a jump moves it at once. Internally microseconds, so that nothing accumulates.
"""

JUMP_US = 1_000_000  # beyond this the sender's clock jumped; below, it is delay
UNSETTLED_JUMP_US = 10_000_000  # the first frames may have queued that long behind a slow connection
SLEW_MAX_US = 2_000  # per segment of about 4 s: 500 ppm, ten times the drift of a bad quartz
DEAD_ZONE_US = 10_000  # residuals within are noise of the minimum


class TrackClock:
    """RTP ticks of one track → Unix microseconds of the server."""

    def __init__(self, clock_rate: int) -> None:
        self._rate = clock_rate
        self._anchor_us: int | None = None
        self._frozen = False
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
        if self._anchor_us is None:
            self._anchor_us = anchor
        elif not self._frozen:
            if anchor < self._anchor_us:
                self._anchor_us = anchor
        elif self._least_us is None or anchor - self._anchor_us < self._least_us:
            self._least_us = anchor - self._anchor_us

    def jumped_ahead(self, ticks: int, arrival_ms: int) -> bool:
        """Whether a frame arrives long before the mapping says it was filmed: more than JUMP_US, or more than
        UNSETTLED_JUMP_US while the mapping still settles."""
        if self._anchor_us is None:
            return False
        early_us = self._anchor_us + ticks * 1_000_000 // self._rate - arrival_ms * 1000
        return early_us > (JUMP_US if self._frozen else UNSETTLED_JUMP_US)

    def anchor(self, ticks: int, arrival_ms: int) -> None:
        """Forgets the mapping and begins a new one here."""
        self._anchor_us = arrival_ms * 1000 - self._media_us(ticks)
        self._frozen = False
        self._least_us = None

    def settle(self) -> bool:
        """At a segment boundary: freezes the mapping the first time, slews it a little each later time.

        False when every frame since the last boundary was more than JUMP_US late: the sender's clock stood
        still, and the caller must `anchor` anew.
        """
        if not self._frozen:
            self._frozen = self._anchor_us is not None
            return True
        least, self._least_us = self._least_us, None
        if least is None or abs(least) <= DEAD_ZONE_US:
            return True
        if least > JUMP_US:
            return False
        assert self._anchor_us is not None
        self._anchor_us += max(-SLEW_MAX_US, min(SLEW_MAX_US, least))
        return True

    def unix_us(self, ticks: int) -> int:
        """Unix microseconds at which the frame with these ticks was filmed, as far as is known."""
        assert self._anchor_us is not None, "no frame has been observed"
        return self._anchor_us + ticks * 1_000_000 // self._rate

    def _media_us(self, ticks: int) -> int:
        return ticks * 1_000_000 // self._rate


def to_ms(microseconds: int) -> int:
    """Whole milliseconds, rounded to the nearest."""
    return (microseconds + 500) // 1000
