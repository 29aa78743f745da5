"""Any datagram from anyone, as often as they like: sessions live, state is bounded, a stranger costs little.

python -m pytest tests/faults/test_any_datagram.py                       10,000 of each kind
PROCTORING_TEST_DATAGRAMS=1000000 python -m pytest --timeout 0 ...       a million, by hand
"""

import asyncio
import os
import random
import secrets
import socket
import struct
import time
from collections.abc import Callable

import pytest
from aioice import stun
from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack

from capture.publish.ingests import Ingests
from capture.receive.delivery import DATAGRAM_BYTES_MAX, SLOT_BYTES, Address
from capture.receive.port import ADDRESSES_PER_GUEST_MAX, Guest
from capture.recorder import Grant, MemoryRecorder
from proctoring.exams.model import Stream
from tests.support.media_port import stand_before

pytestmark = pytest.mark.live

DATAGRAMS = int(os.environ.get("PROCTORING_TEST_DATAGRAMS", "10000"))
BURST = 250
LIMIT_S = 60 + DATAGRAMS / 1000
CPU_US_MAX = 400.0  # for each datagram that is not the publisher's, the test's own sending included
HUGE_BYTES = 65_507
CHANCE = random.Random(4)


class Stage:
    """An ingest with one publisher that goes on publishing; what it sends is seen at the port."""

    def __init__(self) -> None:
        self.recorder = MemoryRecorder({"webcam": Grant("session-1", Stream.WEBCAM)})
        self.ingests = Ingests(self.recorder, addresses=["127.0.0.1"])
        self.connection = RTCPeerConnection()
        self.seen: dict[str, bytes] = {}

    async def begin(self) -> None:
        await self.ingests.start()
        self.port = self.ingests.rounds.port

        def watched(begin: int, length: int, source: Address, fileno: int, at: tuple[float, int]) -> None:
            data = bytes(self.port.buffer[begin : begin + length])
            kind = "stun" if data[:1] < b"\x04" else "media" if data[:1] > b"\x7f" else "dtls"
            self.seen.setdefault(kind, data)
            accept(begin, length, source, fileno, at)

        accept = stand_before(self.port, watched)
        self.connection.addTransceiver(VideoStreamTrack(), direction="sendonly")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        self.ingest, answer = await self.ingests.publish("webcam", self.connection.localDescription.sdp)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await self.packets_come()
        stand_before(self.port, accept)

    @property
    def guest(self) -> Guest:
        """The publisher at the port."""
        guest = self.ingest._peer._guest
        assert guest is not None
        return guest

    async def packets_come(self) -> None:
        """Waits for more of the publisher's packets."""
        peer = self.ingest._peer
        enough = peer.packets + 10
        async with asyncio.timeout(LIMIT_S):
            while peer.packets < enough:  # noqa: ASYNC110 - they come from another socket
                await asyncio.sleep(0.02)

    async def end(self) -> None:
        await self.ingests.close()
        await self.connection.close()


def empty(stage: Stage) -> bytes:
    return b""


def huge(stage: Stage) -> bytes:
    return b"\x80" + bytes(HUGE_BYTES - 1)


def noise(stage: Stage) -> bytes:
    return CHANCE.randbytes(CHANCE.randrange(1, DATAGRAM_BYTES_MAX))


def replayed(stage: Stage) -> bytes:
    """The publisher's own packets, from elsewhere: an authentic STUN request among them."""
    return CHANCE.choice(list(stage.seen.values()))


def like_media(stage: Stage) -> bytes:
    return struct.pack(">BBHII", 0x80, 96, CHANCE.randrange(65536), 0, CHANCE.randrange(1 << 32)) + bytes(60)


def spoofed_stun(stage: Stage) -> bytes:
    """A request with the right name and a wrong password."""
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    ufrag = stage.guest.ufrag.decode()
    request.attributes["USERNAME"] = f"{ufrag}:{stage.ingest.offer.ufrag}"
    request.attributes["PRIORITY"] = 1
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(secrets.token_bytes(16))
    return bytes(request)


def unasked_response(stage: Stage) -> bytes:
    response = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    response.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 9)
    return bytes(response)


KINDS = [empty, huge, noise, replayed, like_media, spoofed_stun, unasked_response]


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "spoofed-source"])
@pytest.mark.parametrize("kind", KINDS)
def test_sessions_live_through_any_datagram(kind: Callable[[Stage], bytes], known: bool) -> None:
    """From strangers, and handed to the port as if they came from the publisher's own address: the take goes
    on, no address, source or transaction is kept beyond its bound, and CPU stays within CPU_US_MAX each."""

    async def scenario() -> None:
        stage = Stage()
        await stage.begin()
        guest = stage.guest
        (home,) = guest.addresses
        fileno = next(iter(guest.protocols))
        strangers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(40)]
        begun_s = time.process_time()
        for number in range(DATAGRAMS):
            data = kind(stage)
            if known:
                length = min(len(data), SLOT_BYTES)
                stage.port.buffer[:length] = data[:length]
                stage.port.accept(0, length, home, fileno, stage.port.now())
            else:
                stranger = strangers[number % len(strangers)]
                stranger.sendto(data, ("127.0.0.1", stage.ingests.media_port))
            if number % BURST == 0:
                await asyncio.sleep(0.001)
        used_us = (time.process_time() - begun_s) / DATAGRAMS * 1_000_000
        await stage.packets_come()
        print(f"{kind.__name__}: {used_us:.1f} us each; dropped {dict(stage.port.dropped)}")
        assert used_us < CPU_US_MAX
        assert stage.ingest.failures == stage.ingests.rounds.failures == 0
        assert not stage.ingest.ended.is_set()
        assert len(guest.addresses) <= ADDRESSES_PER_GUEST_MAX
        assert len(stage.port._routes) == len(guest.addresses)
        assert len(guest.agent._remote_candidates) <= ADDRESSES_PER_GUEST_MAX + 4
        assert len(stage.ingest._peer._reception._sources) <= 2
        for stranger in strangers:
            stranger.close()
        await stage.end()
        (take,) = stage.recorder.takes.values()
        assert take.segments

    asyncio.run(scenario())
