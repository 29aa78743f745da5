"""The only place that touches private parts of aiortc, aioice and pylibsrtp, always of one object.

Each function says why it is needed. A test compares the names used here with the pinned versions.
"""

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import Connection as Agent
from aioice.ice import StunProtocol as Socketless
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpparameters import RTCRtpReceiveParameters
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket
from OpenSSL import SSL
from OpenSSL.crypto import X509
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from capture.receive.inplace import InPlace

__all__ = ["Agent", "Socketless"]

DATAGRAMS_QUEUED_MAX = 256  # DTLS of one publisher, waiting for the library
COMPONENT = 1  # RTP and RTCP share it (RFC 8834)
CIPHERS = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
    b":ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305"
    b":@SECLEVEL=2"  # keys of 112 bits of security: of 2,048, if RSA
)
NTP_SECOND = 1 << 32  # RFC 3550 section 4
KEY_TOO_SMALL = 66  # X509_V_ERR_EE_KEY_TOO_SMALL: a certificate's key is below that


def allow_rsa(connection: RTCPeerConnection) -> None:
    """Lets the other side's certificate be of RSA, as GStreamer's is: the library's ciphers know ECDSA only.

    Its key may not be weak. Its owner is checked as ever by the fingerprint in the session description.
    """
    private: Any = connection
    (certificate,) = private._RTCPeerConnection__certificates
    create = certificate._create_ssl_context

    def context(srtp_profiles: list[Any]) -> SSL.Context:
        created: SSL.Context = create(srtp_profiles)
        created.set_cipher_list(CIPHERS)
        created.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, strong)
        return created

    def strong(_connection: SSL.Connection, _certificate: X509, error: int, _depth: int, _sound: int) -> bool:
        return error != KEY_TOO_SMALL

    certificate._create_ssl_context = context


def agent_of(receiver: RTCRtpReceiver) -> Agent:
    """The ICE agent under a receiver."""
    return receiver.transport.transport._connection


def listen_on(agent: Agent, addresses: Sequence[str]) -> None:
    """Host candidates on exactly these addresses: the library's own choice leaves out loopback."""

    async def gather() -> None:
        if agent._local_candidates_start:
            return
        agent._local_candidates_start = True
        for component in agent._components:
            found = await agent.get_component_candidates(component=component, addresses=list(addresses))
            agent._local_candidates += found
        agent._local_candidates_end = True

    private: Any = agent
    private.gather_candidates = gather


def stun_protocol(agent: Agent, address: str, port: int, way: Any) -> Socketless:
    """One of the agent's local candidates, on a port that it shares; the library opens one per agent.

    `way` replaces the transport: it has `sendto` and `close`, and its `protocol` is set.
    """
    protocol = Socketless(agent)
    protocol.connection_made(way)
    protocol.local_candidate = Candidate(
        foundation=candidate_foundation("host", "udp", address),
        component=COMPONENT,
        transport="udp",
        priority=candidate_priority(COMPONENT, "host"),
        host=address,
        port=port,
        type="host",
    )
    way.protocol = protocol
    return protocol


def give_candidates(agent: Agent, protocols: Sequence[Socketless]) -> None:
    """These are all the agent's candidates; it opens no socket. Its queue is bounded."""
    agent._local_candidates_start = agent._local_candidates_end = True
    agent._protocols += protocols
    agent._local_candidates += [protocol.local_candidate for protocol in protocols]
    queue = agent._queue

    def received(data: bytes, component: int) -> None:
        if queue.qsize() < DATAGRAMS_QUEUED_MAX:
            queue.put_nowait((data, component))

    private: Any = agent
    private.data_received = received


def send(agent: Agent, data: bytes) -> None:
    """Sends a datagram to where ICE settled, if it did. The library's own way is a coroutine."""
    pair = agent._nominated.get(COMPONENT)
    if pair is not None:
        pair.protocol.transport.sendto(data, pair.remote_addr)


def has_settled(agent: Agent, protocol: Socketless, remote: tuple[str, int]) -> bool:
    """Whether ICE settled on this pair. A check of it is for consent (RFC 7675) and brings no news, but costs
    much in the library."""
    pair = agent._nominated.get(COMPONENT)
    return pair is not None and pair.protocol is protocol and pair.remote_addr == remote


def silence(receiver: RTCRtpReceiver) -> None:
    """Keeps a receiver from beginning at all: media never reaches it, and decoding, reports and requests are
    ours. The library would start a thread and a task for each. What never began has nothing to stop."""
    private: Any = receiver
    # 1,500 objects of 70 KB together, for an estimate that we make from loss.
    private._RTCRtpReceiver__remote_bitrate_estimator = None

    async def never_begin(_parameters: RTCRtpReceiveParameters) -> None:
        pass

    private.receive = never_begin


def sessions_of(receiver: RTCRtpReceiver) -> tuple[Session, Session]:
    """The SRTP sessions that DTLS made, inbound and outbound. To be asked once connected."""
    dtls = receiver.transport
    return dtls._rx_srtp, dtls._tx_srtp


# The binding's own call lets go of the interpreter's lock for each packet, for which the threads beside then
# contend; a PYFUNCTYPE keeps it.
_Unprotect = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_unprotect = _Unprotect(int(ffi.cast("intptr_t", ffi.addressof(lib, "srtp_unprotect"))))
_unprotect_rtcp = _Unprotect(int(ffi.cast("intptr_t", ffi.addressof(lib, "srtp_unprotect_rtcp"))))


_length = ctypes.c_int()


def in_place(session: Session, buffer: bytearray) -> InPlace:
    """What takes the protection of this inbound session off in this buffer."""
    data = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    srtp = int(ffi.cast("intptr_t", session._srtp[0]))
    return InPlace(
        _unprotect,
        _unprotect_rtcp,
        srtp=srtp,
        buffer_at=ctypes.addressof(data),
        length=_length,
        length_at=ctypes.addressof(_length),
        kept=(session, data),
    )


def on_keyframe_request(sender: RTCRtpSender, want: Callable[[], None]) -> None:
    """Calls `want` when the other side asks for a keyframe. The library tells only its own encoder, which
    already encoded packets of a track never meet."""
    private: Any = sender
    private._send_keyframe = want


def on_report(sender: RTCRtpSender, late_s: Callable[[], float]) -> None:
    """Makes a sender's reports name the time at which its newest packet was filmed, `late_s` before it left
    (RFC 3550 section 6.4.1). The library names the time at which it left."""
    private: Any = sender
    send = private._send_rtcp

    async def report(packets: list[AnyRtcpPacket]) -> None:
        for packet in packets:
            if isinstance(packet, RtcpSrPacket):
                packet.sender_info.ntp_timestamp -= round(late_s() * NTP_SECOND)
        await send(packets)

    private._send_rtcp = report


def video_receiver(connection: RTCPeerConnection) -> RTCRtpReceiver:
    return next(t.receiver for t in connection.getTransceivers() if t.kind == "video")
