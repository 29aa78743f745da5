"""The one UDP port: who is let in by STUN, whose a datagram is, and where the port is bound."""

import asyncio
import gc
import socket
import time
import weakref
from collections.abc import Awaitable, Callable

import pytest
from aioice import stun as other
from aioice.candidate import Candidate
from aioice.ice import CandidatePair, Connection

from capture.errors import PortTaken
from capture.receive import port as port_module
from capture.receive import sockets, stun
from capture.receive.port import ADDRESSES_PER_GUEST_MAX, ALIVE_S, STUN_PER_S_MAX, Guest, MediaPort

pytestmark = pytest.mark.packet

HOME = ("198.51.100.7", 4000)
ELSEWHERE = ("203.0.113.9", 4000)

RFC_5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
RFC_5769_PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


def test_the_sample_request_is_authentic() -> None:
    """RFC 5769 section 2.1: read, and authentic with its password only."""
    transaction = stun.transaction(RFC_5769_REQUEST)
    assert transaction is not None
    kind, identifier = transaction
    assert (kind, identifier.hex()) == (stun.REQUEST, "b7e7a701bc34d686fa87dfae")
    request = stun.parse_request(RFC_5769_REQUEST)
    assert request is not None
    assert request.ufrag == b"evtj"
    assert request.is_authentic(RFC_5769_PASSWORD)
    assert not request.is_authentic(RFC_5769_PASSWORD[:-1])
    for position in range(len(RFC_5769_REQUEST) - 8):
        altered = bytearray(RFC_5769_REQUEST)
        altered[position] ^= 1
        if stun.transaction(bytes(altered)) and (request := stun.parse_request(bytes(altered))):
            assert not request.is_authentic(RFC_5769_PASSWORD)


@pytest.mark.parametrize("source", [HOME, ("2001:db8:1234:5678:11:2233:4455:6677", 32853)])
def test_the_answer_to_a_check_is_what_a_library_reads(source: tuple[str, int]) -> None:
    """Of the same transaction, with the address it came from, whole and authentic."""
    request = stun.parse_request(RFC_5769_REQUEST)
    assert request is not None
    answer = other.parse_message(request.success(source, RFC_5769_PASSWORD))
    assert answer.check_message_integrity(RFC_5769_PASSWORD)
    assert not answer.check_message_integrity(RFC_5769_PASSWORD[1:])
    assert answer.transaction_id == RFC_5769_REQUEST[8:20]
    assert answer.message_class is other.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == source
    assert list(answer.attributes) == ["XOR-MAPPED-ADDRESS", "MESSAGE-INTEGRITY", "FINGERPRINT"]


@pytest.mark.parametrize("length", range(len(RFC_5769_REQUEST)))
def test_a_request_cut_short_is_none(length: int) -> None:
    """Cut anywhere, with its length put right, it is no request or not authentic; nothing raises."""
    cut = RFC_5769_REQUEST[:length]
    assert stun.transaction(cut) is None
    if length >= stun.HEADER_BYTES:
        cut = cut[:2] + (length - stun.HEADER_BYTES).to_bytes(2, "big") + cut[4:]
        request = stun.parse_request(cut)
        assert request is None or request.integrity_at < length


class Stage:
    """An open port with guests; `bring` hands it a datagram as its socket would."""

    def __init__(self) -> None:
        self.port = MediaPort(["127.0.0.1"], 0, lambda: 1_000)
        self.port.open()
        self.media: list[tuple[str, int]] = []
        self.heard_s: dict[str, float] = {}
        self.round_trips: list[int] = []

    def guest(self, name: str) -> Guest:
        agent = Connection(ice_controlling=False)
        agent.remote_username, agent.remote_password = "them", "p" * 22
        return self.port.admit(
            agent,
            lambda begin, length, now_s, now_ms: self.media.append((name, length)),
            lambda: self.heard_s.get(name, 0.0),
            self.round_trips.append,
        )

    def bring(self, data: bytes, source: tuple[str, int] = HOME) -> None:
        self.port.buffer[: len(data)] = data
        fileno = next(iter(self.port._bound.values())).media.fileno()
        self.port.accept(0, len(data), source, fileno, self.port._now_s, 0)

    def check(self, guest: Guest, password: bytes | None = None) -> bytes:
        request = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
        request.attributes["USERNAME"] = f"{guest.ufrag.decode()}:them"
        request.attributes["PRIORITY"] = 1
        request.add_message_integrity(password or guest.password)
        return bytes(request)


RTP = b"\x80" + bytes(40)


def on_stage(scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        stage = Stage()
        try:
            await scenario(stage)
        finally:
            stage.port.close()

    asyncio.run(run())


def test_media_is_let_in_from_where_an_authentic_check_came() -> None:
    """Before it, after a forged one, and from elsewhere it is dropped; two guests keep apart."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        stage.bring(RTP)
        stage.bring(stage.check(one, b"wrong"))
        stage.bring(RTP)
        assert stage.media == []
        stage.bring(stage.check(one))
        stage.bring(stage.check(two), ELSEWHERE)
        stage.bring(RTP)
        stage.bring(RTP + b"x", ELSEWHERE)
        assert stage.media == [("one", 41), ("two", 42)]
        stage.port.dismiss(one)
        stage.bring(RTP)
        assert len(stage.media) == 2
        assert stage.port._routes.keys() == {ELSEWHERE}

    on_stage(scenario)


def test_a_publisher_that_breaks_the_library_stops_nobody() -> None:
    """An authentic check over which the library stumbles, for want of its PRIORITY, is passed by."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        one.agent._early_checks_done = True
        request = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
        request.attributes["USERNAME"] = f"{one.ufrag.decode()}:them"
        request.add_message_integrity(one.password)
        stage.bring(bytes(request))
        assert stage.port.dropped["failures"] == 1
        stage.bring(stage.check(two), ELSEWHERE)
        stage.bring(RTP, ELSEWHERE)
        assert stage.media == [("two", 41)]

    on_stage(scenario)


def test_an_address_stays_with_who_is_heard_there() -> None:
    """Another guest may have it only once its present one is silent."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        stage.port._now_s = 100.0
        stage.heard_s["one"] = 100.0 - ALIVE_S / 2
        stage.bring(stage.check(one))
        stage.bring(stage.check(two))
        stage.bring(RTP)
        assert stage.media == [("one", 41)]
        stage.heard_s["one"] = 100.0 - ALIVE_S
        stage.bring(stage.check(two))
        stage.bring(RTP)
        assert stage.media[1:] == [("two", 41)]
        assert one.addresses == set()

    on_stage(scenario)


def test_what_a_guest_may_cost_is_bounded() -> None:
    """Addresses for good, checks by the second."""

    async def scenario(stage: Stage) -> None:
        one = stage.guest("one")
        check = stage.check(one)
        for number in range(2 * STUN_PER_S_MAX):
            stage.bring(check, ("198.51.100.7", 5000 + number))
        assert len(one.addresses) == ADDRESSES_PER_GUEST_MAX
        assert (one.stun_left, stage.port.dropped["stun"]) == (0, STUN_PER_S_MAX)
        stage.port.second()
        assert one.stun_left == STUN_PER_S_MAX

    on_stage(scenario)


def test_a_response_finds_the_check_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its transaction alone, once, and tells how long the round trip was; requests that nobody answers are
    forgotten in the end."""

    async def scenario(stage: Stage) -> None:
        one = stage.guest("one")
        (protocol,) = one.protocols.values()
        got: list[bytes] = []
        monkeypatch.setattr(protocol, "datagram_received", lambda data, source: got.append(data))
        request = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
        protocol.send_stun(request, ("127.0.0.1", 9))
        stage.port._now_s = time.monotonic() + 0.25
        response = other.Message(
            message_method=other.Method.BINDING,
            message_class=other.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        stage.bring(bytes(response), ELSEWHERE)
        stage.bring(bytes(response), ELSEWHERE)
        assert got == [bytes(response)]
        (round_trip,) = stage.round_trips
        assert round_trip >= 250_000
        for _ in range(port_module.TRANSACTIONS_MAX + 5):
            again = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
            stage.port.sent_request(bytes(again), one, protocol)
        assert len(stage.port._transactions) == port_module.TRANSACTIONS_MAX

    on_stage(scenario)


def test_a_guest_that_left_is_not_kept() -> None:
    """Not even for the requests that nobody ever answered, as those to a private address behind NAT."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        for guest in (one, two):
            (protocol,) = guest.protocols.values()
            request = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
            protocol.send_stun(request, ("127.0.0.1", 9))
        stage.bring(stage.check(one))
        left = weakref.ref(one)
        stage.port.dismiss(one)
        del one, guest, protocol
        gc.collect()
        assert left() is None
        assert [whose for _, whose, _ in stage.port._transactions.values()] == [two]

    on_stage(scenario)


def test_where_ice_settled_a_check_is_answered_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps the address and costs the library nothing; from anywhere else the library must see it."""

    async def scenario(stage: Stage) -> None:
        one = stage.guest("one")
        (protocol,) = one.protocols.values()
        given: list[object] = []
        answered: list[tuple[bytes, object]] = []
        monkeypatch.setattr(protocol, "datagram_received", lambda data, source: given.append(source))
        monkeypatch.setattr(
            protocol.transport, "sendto", lambda data, address: answered.append((data, address))
        )
        check = stage.check(one)
        stage.bring(check)
        assert (given, answered) == ([HOME], [])
        one.agent._nominated[1] = CandidatePair(
            protocol, Candidate.from_sdp(f"1 1 udp 1 {HOME[0]} {HOME[1]} typ host")
        )
        stage.bring(check)
        stage.bring(check, ELSEWHERE)
        stage.bring(stage.check(one, b"wrong"))
        assert given == [HOME, ELSEWHERE]
        ((data, address),) = answered
        assert address == HOME
        assert other.parse_message(data).attributes["XOR-MAPPED-ADDRESS"] == HOME

    on_stage(scenario)


def close(bound: dict[str, sockets.Bound]) -> None:
    for one in set(bound.values()):
        one.close()


def test_every_address_has_a_socket_of_its_own_on_the_same_port() -> None:
    """So that answers come from where they were asked."""
    bound, number = sockets.bind(["127.0.0.1", "127.0.0.2"], 0)
    try:
        assert {address: one.media.getsockname() for address, one in bound.items()} == {
            address: (address, number) for address in ("127.0.0.1", "127.0.0.2")
        }
    finally:
        close(bound)


def test_an_address_that_is_not_ours_stands_for_this_machine_behind_nat() -> None:
    """One socket then listens on all addresses of the family."""
    bound, number = sockets.bind(["127.0.0.1", "203.0.113.5"], 0)
    try:
        assert bound["127.0.0.1"] is bound["203.0.113.5"]
        assert bound["203.0.113.5"].media.getsockname() == ("0.0.0.0", number)
    finally:
        close(bound)


def test_a_port_in_use_is_said_at_the_start() -> None:
    """With what to do about it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(PortTaken) as caught:
            sockets.bind(["127.0.0.1"], taken.getsockname()[1])
        assert "PROCTORING_MEDIA_PORT" in caught.value.remedy


def test_two_ports_never_share_a_number() -> None:
    """Though each of them has two sockets of one address: a second process is told that the port is taken."""
    bound, number = sockets.bind(["127.0.0.1"], 0)
    try:
        with pytest.raises(PortTaken):
            sockets.bind(["127.0.0.1"], number)
    finally:
        close(bound)


class Sender:
    """A socket that sends to a port's address, from an address of its own."""

    def __init__(self, number: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", number))

    def send(self, data: bytes) -> None:
        self.socket.send(data)


def test_media_is_there_in_full_whatever_strangers_send() -> None:
    """A flood of all kinds that overfills the door costs a publisher nothing and is no loss. The next check
    of a publisher is seen once the flood is over; who left is a stranger again."""

    async def scenario(stage: Stage) -> None:
        one, two = stage.guest("one"), stage.guest("two")
        known, stranger, late = (Sender(stage.port.number) for _ in range(3))
        known.send(stage.check(one))
        stage.port.read_doors()
        assert len(one.addresses) == 1
        forged = stage.check(two, b"wrong")
        for number in range(20_000):
            stranger.send((RTP, forged, b"\x16" + bytes(40), b"")[number % 4])
            if number % 100 == 0:
                known.send(RTP)
        late.send(stage.check(two))
        stage.port.read()
        assert stage.media == [("one", 41)] * 200
        for _ in range(20_000 // port_module.STRANGERS_PER_ROUND_MAX + 1):
            stage.port.read_doors()
        late.send(stage.check(two))
        stage.port.read_doors()
        assert len(two.addresses) == 1
        stage.port.second()
        assert stage.port.lost == 0
        assert stage.port.dropped["stranger"] == 0  # the system dropped what is not STUN
        stage.port.dismiss(one)
        stage.port.second()
        known.send(RTP)
        late.send(RTP)
        stage.port.read()
        assert stage.media[200:] == [("two", 41)]
        for sender in (known, stranger, late):
            sender.socket.close()

    on_stage(scenario)


def test_what_the_system_had_no_room_for_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of known sources, in datagrams: nobody else can tell that they came."""
    monkeypatch.setattr(sockets, "SOCKET_BUFFER_BYTES", 16 << 10)

    async def scenario(stage: Stage) -> None:
        one = stage.guest("one")
        known = Sender(stage.port.number)
        known.send(stage.check(one))
        stage.port.read_doors()
        for _ in range(1_000):
            known.send(RTP)
        stage.port.read()
        stage.port.second()
        assert stage.port.lost > 0
        assert stage.port.lost + len(stage.media) == 1_000
        known.socket.close()

    on_stage(scenario)
