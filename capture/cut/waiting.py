"""Pieces in memory while the disk takes nothing: counted over all streams of a process, and bounded."""

WAITING_BYTES_MAX = 512 << 20  # half a minute of 256 streams at 540 kbit/s; of fewer, each writer's own bound


class Waiting:
    """Bytes of pieces that were cut and are not accepted yet. For one event loop."""

    def __init__(self, bytes_max: int = WAITING_BYTES_MAX) -> None:
        self.bytes = 0
        self._bytes_max = bytes_max

    def take(self, size: int) -> bool:
        """Whether a piece of this size may wait too; it then counts until `let_go`."""
        if self.bytes + size > self._bytes_max:
            return False
        self.bytes += size
        return True

    def let_go(self, size: int) -> None:
        self.bytes -= size
