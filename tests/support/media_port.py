"""A stand before the media port, from which a test sees, loses or delays every datagram."""

from collections.abc import Callable, Mapping

from capture.receive.delivery import Address, Publisher, Read, deliver
from capture.receive.port import MediaPort

Accept = Callable[[int, int, Address, int, tuple[float, int]], None]


def stand_before(port: MediaPort, entry: Accept) -> Accept:
    """Let every datagram, media too, come to `entry`; returns the way into the port, for entry to call."""

    def without_publishers(
        read: Read,
        buffer: bytearray,
        offset_s: float,
        offset_ms: int,
        publishers: Mapping[Address, Publisher],
        *,
        other: Callable[[int, int, Address, float, int], None],
        failed: Callable[[Exception, int], None],
    ) -> None:
        deliver(read, buffer, offset_s, offset_ms, {}, other=other, failed=failed)

    port.deliver = without_publishers
    accept: Accept = port.accept
    port.accept = entry  # type: ignore[method-assign, assignment]  # the port has no hook for tests
    return accept
