"""Rate that a publisher may send at, told from loss alone and sent as REMB once a second. Pure.

A sender runs its own congestion control; this is the ceiling, and it sinks where the way to us loses much.
"""

BITS_PER_S_MAX = 2_500_000  # video of one publisher
BITS_PER_S_MIN = 100_000
HIGH_LOSS_SHARE = 0.10  # above it the rate sinks by half of the loss
LOW_LOSS_SHARE = 0.02  # below it the rate grows
GROWTH = 1.08


class Allowance:
    """Begins at the ceiling; `after_interval` moves it."""

    def __init__(self, bits_per_s_max: int = BITS_PER_S_MAX) -> None:
        self.bits_per_s = bits_per_s_max
        self._max = bits_per_s_max

    def after_interval(self, loss_share: float) -> int:
        """The new rate, after an interval in which this share of the video's packets was lost."""
        rate = float(self.bits_per_s)
        if loss_share > HIGH_LOSS_SHARE:
            rate *= 1 - 0.5 * loss_share
        elif loss_share < LOW_LOSS_SHARE:
            rate *= GROWTH
        self.bits_per_s = int(max(BITS_PER_S_MIN, min(self._max, rate)))
        return self.bits_per_s
