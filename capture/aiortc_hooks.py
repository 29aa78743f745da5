"""The only place that touches private parts of aiortc and aioice, per object, never for the whole process.

Each function says why it is needed. A test compares the names used here with the pinned versions.
"""

from collections.abc import Callable, Sequence
from typing import Any

from aioice.ice import Connection
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtp import RtpPacket

DATAGRAM_BYTES_MAX = 1500
DATAGRAMS_QUEUED_MAX = 2048


def connection_of(receiver: RTCRtpReceiver) -> Connection:
    """The ICE agent under a receiver."""
    connection: Connection = receiver.transport.transport._connection
    return connection


def listen_on(connection: Connection, addresses: Sequence[str]) -> None:
    """Host candidates on exactly these addresses: the library's own choice leaves out loopback."""

    async def gather() -> None:
        if connection._local_candidates_start:
            return
        connection._local_candidates_start = True
        for component in connection._components:
            found = await connection.get_component_candidates(component=component, addresses=list(addresses))
            connection._local_candidates += found
        connection._local_candidates_end = True

    agent: Any = connection
    agent.gather_candidates = gather


def guard_datagrams(connection: Connection) -> None:
    """Leaves out datagrams whose mere form ends a session, whoever sent them: empty or oversized ones."""
    accept = connection.data_received

    def checked(data: bytes, component: int) -> None:
        if 0 < len(data) <= DATAGRAM_BYTES_MAX and connection._queue.qsize() < DATAGRAMS_QUEUED_MAX:
            accept(data, component)

    agent: Any = connection
    agent.data_received = checked


def divert(receiver: RTCRtpReceiver, take: Callable[[RtpPacket], None], heard: Callable[[], None]) -> None:
    """Hands each authenticated RTP packet to `take` instead of the library's jitter buffer and decoder.

    The jitter buffer gives a frame out only when the next one begins, which is a second late on a still
    screen, and lets frames through that were damaged by loss. The library goes on with receiver reports,
    bandwidth estimation, the first request for a lost packet and retransmissions. `heard` is called for RTCP.
    """
    private: Any = receiver
    private._RTCRtpReceiver__jitter_buffer = _Diversion(take)
    private._RTCRtpReceiver__decoder_queue = _NothingToDecode()
    handle = receiver._handle_rtcp_packet

    async def handle_and_tell(packet: Any) -> None:
        heard()
        await handle(packet)

    private._handle_rtcp_packet = handle_and_tell


async def ask_keyframe(receiver: RTCRtpReceiver, ssrc: int) -> None:
    """Sends a picture loss indication (RFC 4585 section 6.3.1)."""
    await receiver._send_rtcp_pli(ssrc)


async def ask_again(receiver: RTCRtpReceiver, ssrc: int, sequences: list[int]) -> None:
    """Asks anew for lost packets (RFC 4585 section 6.2.1): the library asks once only."""
    await receiver._send_rtcp_nack(ssrc, sequences)


def on_keyframe_request(sender: RTCRtpSender, want: Callable[[], None]) -> None:
    """Calls `want` when the other side asks for a keyframe: the library tells its own encoder only, which
    packets that come encoded from a track never meet."""
    private: Any = sender
    private._send_keyframe = want


def video_receiver(connection: RTCPeerConnection) -> RTCRtpReceiver:
    return next(t.receiver for t in connection.getTransceivers() if t.kind == "video")


class _Diversion:
    """Stands where the jitter buffer stood; never has a frame for the decoder."""

    def __init__(self, take: Callable[[RtpPacket], None]) -> None:
        self._take = take

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self._take(packet)
        return False, None


class _NothingToDecode:
    """Stands where the decoder's queue stood; its thread reads the end at once and is gone."""

    def get(self) -> None:
        return None

    def put(self, task: object) -> None:
        pass
