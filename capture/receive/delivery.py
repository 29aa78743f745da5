"""Datagrams of one read of a socket, source by source: media at once, all else to who looks closer."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol, final

from capture.receive.rtp import HEADER_BYTES

SLOT_BYTES: Final = 1600  # of the buffer, for each datagram; a longer one is cut
NAME_BYTES: Final = 28  # struct sockaddr_in6, the longest
DATAGRAM_BYTES_MAX: Final = 1500  # a longer one is not ours

Address = tuple[str, int]
Other = Callable[[int, int, Address, float, int], None]


class Publisher(Protocol):
    """`media(begin, length, at_s, at_ms)` takes the protected packet that begins there in the buffer."""

    @property
    def media(self) -> Callable[[int, int, float, int], None]: ...


@final
class Read:
    """Datagram n is in slot n of the buffer. Of each: its length, its source's name in NAME_BYTES, and the
    Unix seconds and nanoseconds at which the system received it. `address_of` reads a name."""

    def __init__(
        self,
        lengths: list[int],
        names: bytes,
        address_of: Callable[[bytes], Address],
        seconds: list[int],
        nanos: list[int],
    ) -> None:
        self.lengths: Final = lengths
        self.names: Final = names
        self.address_of: Final = address_of
        self.seconds: Final = seconds
        self.nanos: Final = nanos

    def by_source(self) -> dict[bytes, list[int]]:
        """The datagrams' numbers by the name they came from, each in the order of arrival."""
        found: dict[bytes, list[int]] = {}
        for number in range(len(self.lengths)):
            name = self.names[number * NAME_BYTES : (number + 1) * NAME_BYTES]
            numbers = found.get(name)
            if numbers is None:
                found[name] = [number]
            else:
                numbers.append(number)
        return found

    def at(self, unix_ns: int) -> "Read":
        """The same, all received at this instant."""
        several, (seconds, nanos) = len(self.lengths), divmod(unix_ns, 1_000_000_000)
        return Read(self.lengths, self.names, self.address_of, [seconds] * several, [nanos] * several)

    def unix_ns(self, number: int) -> int:
        """When the system received a datagram, in Unix nanoseconds."""
        return self.seconds[number] * 1_000_000_000 + self.nanos[number]


def deliver(
    read: Read,
    buffer: bytearray,
    offset_s: float,
    offset_ms: int,
    publishers: Mapping[Address, Publisher],
    *,
    other: Other,
    failed: Callable[[Exception, int], None],
) -> None:
    """Hands each datagram on, with its arrival: Unix time and these offsets. `other` takes (begin, length,
    source, at_s, at_ms). What either raises goes to `failed` with the length; the next datagram comes all the
    same.

    Datagrams of one source are handed on together. With hundreds of publishers, the data of one has left the
    processor's cache before its turn comes again.
    """
    for name, numbers in read.by_source().items():
        source = read.address_of(name)
        publisher = publishers.get(source)
        media = publisher.media if publisher is not None else None
        for number in numbers:
            begin, length = number * SLOT_BYTES, read.lengths[number]
            seconds, nanos = read.seconds[number], read.nanos[number]
            at_s, at_ms = seconds + nanos / 1e9 + offset_s, seconds * 1000 + nanos // 1_000_000 + offset_ms
            try:
                if media is not None and is_media(buffer, begin, length):
                    media(begin, length, at_s, at_ms)
                else:
                    other(begin, length, source, at_s, at_ms)
            except Exception as error:
                failed(error, length)


def is_media(buffer: bytearray, begin: int, length: int) -> bool:
    """Whether it may be RTP or RTCP, by its length and first byte (RFC 7983)."""
    return HEADER_BYTES < length <= DATAGRAM_BYTES_MAX and 127 < buffer[begin] < 192
