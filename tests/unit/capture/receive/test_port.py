"""The one UDP port: who is let in by STUN, and whose a datagram is."""

import gc
import time
import weakref

import pytest
from aioice import stun as other
from aioice.candidate import Candidate
from aioice.ice import CandidatePair

from capture.receive import port as port_module
from capture.receive.port import ADDRESSES_PER_GUEST_MAX, ALIVE_S, STUN_PER_S_MAX
from tests.unit.capture.receive.port_stage import ELSEWHERE, HOME, RTP, Stage, on_stage

pytestmark = pytest.mark.packet


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
