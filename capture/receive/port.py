"""One UDP port for every publisher of the process: finds the owner of each datagram, and drops strangers'.

    128–191  RTP, RTCP  by the source address, once authenticated STUN came from there
     20–63   DTLS       likewise
      0–3    STUN       a request by our ufrag in its USERNAME and its MESSAGE-INTEGRITY; a response by the
                        transaction that we began

(the first byte, RFC 7983). Everything else is dropped without an answer, after a look at length and source.
No datagram of a stranger reaches a publisher's connection, or costs more than that look. The system drops
most of them before (`capture.receive.sorting`). Strangers' STUN waits in a separate socket, the door, where
STRANGERS_PER_ROUND_MAX of them are looked at in a round.
"""

import asyncio
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

import structlog

from capture.receive import sockets, stun
from capture.receive.aiortc_hooks import Agent, Socketless, give_candidates, has_settled, stun_protocol
from capture.receive.datagrams import DATAGRAMS_MAX, DatagramBatch, send
from capture.receive.delivery import DATAGRAM_BYTES_MAX, SLOT_BYTES, Address, deliver, is_media
from capture.receive.rtp import HEADER_BYTES

log = structlog.get_logger()

Media = Callable[[int, int, float, int], None]

DATAGRAMS_PER_READ_MAX = 2048
STRANGERS_PER_ROUND_MAX = DATAGRAMS_MAX  # of each address
WAITED_NS_MAX = 1_000_000_000  # in the socket's buffer; a longer wait is the system's clock, set meanwhile
ADDRESSES_PER_GUEST_MAX = 16  # remote addresses of one publisher
STUN_PER_S_MAX = 60  # authenticated requests of one publisher
DTLS_PER_S_MAX = 300  # datagrams of one publisher
TRANSACTIONS_MAX = 8_192  # requests of ours that wait for a response
ALIVE_S = 2.0  # a publisher heard this recently keeps its address


class Guest:
    """One publisher at the port.

    `media(begin, length, at_s, at_ms)` takes the datagram that begins there in the receive buffer.
    `heard_s()` says when an authentic one last came. `round_trip(us)` gets the time that a request of ours
    and its response took.
    """

    def __init__(
        self, agent: Agent, media: Media, heard_s: Callable[[], float], round_trip: Callable[[int], None]
    ) -> None:
        self.agent = agent
        self.media = media
        self.heard_s = heard_s
        self.round_trip = round_trip
        self.ufrag = agent.local_username.encode()
        self.password = agent.local_password.encode()
        self.protocols: dict[int, Socketless] = {}  # by file descriptor
        self.addresses: set[Address] = set()
        self.stun_left = STUN_PER_S_MAX
        self.dtls_left = DTLS_PER_S_MAX


class MediaPort:
    """`number` is the port, once open. `addresses` are offered as host candidates, exactly those.

    An address that is not this machine's, such as a NAT's public one, is offered too. The NAT must forward
    its UDP port to the same port here. `dropped` counts datagrams by reason; `lost` those of known sources
    for which the system had no room.
    """

    def __init__(self, addresses: Sequence[str], number: int, now_ms: Callable[[], int]) -> None:
        self.number = number
        self.buffer = bytearray(DATAGRAMS_MAX * SLOT_BYTES)
        self.dropped: Counter[str] = Counter()
        self.lost = 0
        self.addresses = tuple(addresses)
        self._view = memoryview(self.buffer)
        self._now_ms = now_ms
        self._now_s = 0.0
        self.deliver = deliver
        self._bound: dict[str, sockets.Bound] = {}  # by candidate address
        self._guests: dict[bytes, Guest] = {}  # by ufrag
        self._routes: dict[Address, Guest] = {}
        self._transactions: OrderedDict[bytes, tuple[float, Guest, Socketless]] = OrderedDict()
        self._batches: dict[int, DatagramBatch] = {}  # by file descriptor of the socket for media
        self._doors: dict[int, DatagramBatch] = {}  # likewise
        self._unsorted = False  # sources went, and the system does not know it yet

    def open(self) -> None:
        """Binds. Raises PortTaken."""
        self._bound, self.number = sockets.bind(self.addresses, self.number)
        for bound in set(self._bound.values()):
            fileno = bound.media.fileno()
            self._batches[fileno] = DatagramBatch(bound.media, self.buffer)
            if bound.door is not None:
                self._doors[fileno] = DatagramBatch(bound.door, self.buffer)
        log.info("media-port.open", port=self.number, addresses=len(self._bound))

    def close(self) -> None:
        self._batches, self._doors = {}, {}
        for bound in set(self._bound.values()):
            bound.close()

    def admit(
        self, agent: Agent, media: Media, heard_s: Callable[[], float], round_trip: Callable[[int], None]
    ) -> Guest:
        """From now on the agent's datagrams come and go here."""
        guest = Guest(agent, media, heard_s, round_trip)
        self._guests[guest.ufrag] = guest
        protocols = []
        for address, bound in self._bound.items():
            fileno = bound.media.fileno()
            protocol = stun_protocol(agent, address, self.number, _Way(self, guest, bound.media))
            guest.protocols.setdefault(fileno, protocol)
            protocols.append(protocol)
        give_candidates(agent, protocols)
        return guest

    def dismiss(self, guest: Guest) -> None:
        """Forgets a publisher. Harmless to repeat."""
        self._guests.pop(guest.ufrag, None)
        for address in guest.addresses:
            self._routes.pop(address, None)
            self._unsorted = True
        guest.addresses.clear()
        for identifier in [one for one, (_, whose, _) in self._transactions.items() if whose is guest]:
            del self._transactions[identifier]

    def second(self) -> None:
        """To be called once a second: publishers may again send what STUN and DTLS need."""
        for guest in self._guests.values():
            guest.stun_left, guest.dtls_left = STUN_PER_S_MAX, DTLS_PER_S_MAX
        if self._unsorted:
            self._sort()
        lost = sum(bound.lost() for bound in set(self._bound.values()))
        if lost != self.lost:
            log.warning("media-port.lost", datagrams=lost - self.lost)
            self.lost = lost

    def now(self) -> tuple[float, int]:
        """Seconds of a steady clock, and Unix milliseconds."""
        return time.monotonic(), self._now_ms()

    def sent_request(self, data: bytes, guest: Guest, protocol: Socketless) -> None:
        """Remembers a STUN request of ours, for its response to find its way back. One that is sent again
        counts from the first time: the round trip is never told shorter than it was."""
        self._transactions.setdefault(data[8:20], (time.monotonic(), guest, protocol))
        while len(self._transactions) > TRANSACTIONS_MAX:
            self._transactions.popitem(last=False)

    def read(self) -> bool:
        """Reads what known sources sent, DATAGRAMS_PER_READ_MAX of each socket at most; whether there may be
        more."""
        full = False
        for fileno, batch in self._batches.items():
            full |= self._read(batch, fileno, DATAGRAMS_PER_READ_MAX) >= DATAGRAMS_PER_READ_MAX
        return full

    def read_doors(self) -> None:
        """Reads what strangers sent, STRANGERS_PER_ROUND_MAX to each address at most; to be called once in a
        round."""
        for fileno, batch in self._doors.items():
            self._read(batch, fileno, STRANGERS_PER_ROUND_MAX)

    def _read(self, batch: DatagramBatch, fileno: int, most: int) -> int:
        count = 0

        def other(begin: int, length: int, source: Address, at_s: float, at_ms: int) -> None:
            self.accept(begin, length, source, fileno, (at_s, at_ms))

        try:
            while count < most:
                read = batch.receive()
                received = len(read.lengths)
                count += received
                now_ns, (now_s, now_ms) = time.time_ns(), self.now()
                if not now_ns - WAITED_NS_MAX <= read.unix_ns(0) <= read.unix_ns(received - 1) <= now_ns:
                    read = read.at(now_ns)
                offset_s, offset_ms = now_s - now_ns / 1e9, now_ms - now_ns // 1_000_000
                self.deliver(
                    read, self.buffer, offset_s, offset_ms, self._routes, other=other, failed=self._failed
                )
                if received < DATAGRAMS_MAX:
                    break
        except BlockingIOError:
            pass
        except OSError as error:  # an ICMP error of an earlier send; nothing is lost by it
            self.dropped[f"errno-{error.errno}"] += 1
        return count

    def accept(self, begin: int, length: int, source: Address, fileno: int, at: tuple[float, int]) -> None:
        """Takes the datagram that begins there in the buffer and came `at` an instant, as `now` gives it;
        never raises for what it holds."""
        self._now_s, at_ms = at
        guest = self._routes.get(source)
        try:
            if guest is not None and is_media(self.buffer, begin, length):
                guest.media(begin, length, self._now_s, at_ms)
            else:
                first = self.buffer[begin] if HEADER_BYTES < length <= DATAGRAM_BYTES_MAX else 255
                self._hand_on(first, self._view[begin : begin + length], source, guest, fileno)
        except Exception as error:
            self._failed(error, length)

    def _failed(self, error: Exception, length: int) -> None:
        """What an authentic publisher sends may still break the library; it must not stop the port."""
        self.dropped["failures"] += 1
        log.warning("media-port.datagram-failed", error=type(error).__name__, bytes=length)

    def _hand_on(
        self, first: int, data: memoryview, source: Address, guest: Guest | None, fileno: int
    ) -> None:
        if first < 4:
            self._stun(bytes(data), source, fileno)
        elif 19 < first < 64 and guest is not None:
            if guest.dtls_left > 0:
                guest.dtls_left -= 1
                guest.agent.data_received(bytes(data), 1)
        else:
            self.dropped["form" if guest is not None or first == 255 else "stranger"] += 1

    def _stun(self, data: bytes, source: Address, fileno: int) -> None:
        kind, identifier = stun.transaction(data) or (0, b"")
        if kind == stun.REQUEST:
            self._request(data, source, fileno)
        elif kind in (stun.RESPONSE, stun.ERROR) and (began := self._transactions.pop(identifier, None)):
            sent_s, guest, protocol = began
            guest.round_trip(round((self._now_s - sent_s) * 1_000_000))
            protocol.datagram_received(data, source)
        else:
            self.dropped["stun"] += 1

    def _request(self, data: bytes, source: Address, fileno: int) -> None:
        request = stun.parse_request(data)
        guest = self._guests.get(request.ufrag) if request else None
        if (
            request is None
            or guest is None
            or not guest.stun_left
            or not request.is_authentic(guest.password)
        ):
            self.dropped["stun"] += 1
            return
        guest.stun_left -= 1
        if not self._learn(guest, source):
            self.dropped["address"] += 1
        elif (protocol := guest.protocols.get(fileno)) is None:
            return
        elif has_settled(guest.agent, protocol, source):
            protocol.transport.sendto(request.success(source, guest.password), source)
        else:
            protocol.datagram_received(data, source)

    def _learn(self, guest: Guest, source: Address) -> bool:
        """Whether this address is the guest's from now on."""
        present = self._routes.get(source)
        if present is guest:
            return True
        if len(guest.addresses) >= ADDRESSES_PER_GUEST_MAX:
            return False
        if present is not None:
            if self._now_s - present.heard_s() < ALIVE_S:
                return False
            present.addresses.discard(source)
        guest.addresses.add(source)
        self._routes[source] = guest
        if present is None:
            self._sort()
        return True

    def _sort(self) -> None:
        """Tells the system which sources are known."""
        self._unsorted = False
        for bound in set(self._bound.values()):
            bound.sort(self._routes)


class _Way:
    """What an ICE agent takes for its own socket: one address of the port, for one guest."""

    def __init__(self, port: MediaPort, guest: Guest, bound: socket.socket) -> None:
        self.protocol: Socketless | None = None
        self._port = port
        self._guest = guest
        self._socket = bound

    def sendto(self, data: bytes, address: Address) -> None:
        if data[:2] == b"\x00\x01" and self.protocol is not None:
            self._port.sent_request(data, self._guest, self.protocol)
        try:
            send(self._socket, data, address)
        except OSError as error:  # as any datagram, it may be lost on the way
            self._port.dropped[f"send-{error.errno}"] += 1

    def close(self) -> None:
        self._port.dismiss(self._guest)
        if self.protocol is not None:
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()
