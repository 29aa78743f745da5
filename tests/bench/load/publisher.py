"""One publisher: the library's SDP, ICE and DTLS, then packets made by hand, straight to the socket.

RTCP is the least that a receiver needs: a sender report with its CNAME each second. Requests for keyframes
and for lost packets are counted and not followed; the clip has a keyframe every two seconds anyhow.
"""

import asyncio
import contextlib
import os
import random
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass
from types import MethodType
from typing import Any

import aioice.ice
import aiortc.rtcdtlstransport as dtls
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.clock import current_ntp_time
from aiortc.rtp import (
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from tests.bench.load.clip import AUDIO_CLOCK_HZ, LENGTH_S, VIDEO_CLOCK_HZ, Burst
from tests.bench.load.signalling import Signalling

CONNECT_S_MAX = 30.0
REPORT_EVERY_S = 1.0
NTP_EPOCH_S = 2_208_988_800
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HHBBBB")


@dataclass(slots=True)
class _Track:
    """One SSRC's counters as its packets and reports carry them."""

    ssrc: int
    payload_type: int
    clock_hz: int
    send_time_id: int
    sequence: int
    first_ticks: int
    ticks: int = 0
    packets: int = 0
    octets: int = 0


class Publisher:
    """`connect`, `send` burst after burst, `close`. `feedback` counts what the receiver asked for."""

    def __init__(self, number: int, signalling: Signalling) -> None:
        self.frames = 0
        self.sounds = 0
        self.feedback: Counter[str] = Counter()
        self._signalling = signalling
        self._chance = random.Random(number)
        self._cname = f"publisher-{number}"
        self._report_s = 0.0
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )

    async def connect(self) -> None:
        """Raises what the signalling raises, and TimeoutError when no connection comes about."""
        connection = self._connection
        video = connection.addTransceiver("video", direction="sendonly")
        audio = connection.addTransceiver("audio", direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([codec for codec in codecs if codec.name == "VP8"])
        parameters = {one.kind: _hold_back(one.sender) for one in (video, audio)}
        connected = asyncio.Event()
        connection.on(
            "connectionstatechange",
            lambda: connected.set() if connection.connectionState == "connected" else None,
        )
        await connection.setLocalDescription(await connection.createOffer())
        answer = await self._signalling.answer(connection.localDescription.sdp)
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(connected.wait(), CONNECT_S_MAX)
        self._video = self._track(video, parameters["video"].result(), VIDEO_CLOCK_HZ)
        self._audio = self._track(audio, parameters["audio"].result(), AUDIO_CLOCK_HZ)
        self._reach(video.sender.transport)

    def send(self, burst: Burst, rounds: int) -> None:
        """The burst of the clip's `rounds`th repetition, now."""
        track = self._video if burst.video else self._audio
        track.ticks = (track.first_ticks + burst.ticks + rounds * LENGTH_S * track.clock_hz) & 0xFFFFFFFF
        extension = b""
        first = 0x80
        if track.send_time_id:
            first = 0x90
            sent = int((time.time() + NTP_EPOCH_S) * (1 << 18)) & 0xFFFFFF
            extension = _EXTENSION.pack(
                0xBEDE, 1, track.send_time_id << 4 | 2, sent >> 16, sent >> 8 & 0xFF, sent & 0xFF
            )
        left = len(burst.payloads)
        for payload in burst.payloads:
            left -= 1
            marker = 0x80 if burst.video and not left else 0
            header = _HEADER.pack(first, marker | track.payload_type, track.sequence, track.ticks, track.ssrc)
            self._put(self._protect(header + extension + payload))
            track.sequence = (track.sequence + 1) & 0xFFFF
            track.octets += len(payload)
        track.packets += len(burst.payloads)
        self.frames += burst.video
        self.sounds += not burst.video

    def report(self, now_s: float) -> None:
        """A sender report for each track, once a second."""
        if now_s < self._report_s:
            return
        self._report_s = now_s + REPORT_EVERY_S
        for track in (self._video, self._audio):
            if track.packets:
                self._put(self._protect_rtcp(self._compound(track)))

    @property
    def packets(self) -> int:
        return self._video.packets + self._audio.packets

    @property
    def octets(self) -> int:
        return self._video.octets + self._audio.octets

    async def close(self) -> None:
        """Says goodbye, so that the receiver stores what it has, and ends the connection."""
        try:
            await self._signalling.leave()
        finally:
            self._socket.close()
            await self._connection.close()

    def _track(self, transceiver: RTCRtpTransceiver, parameters: Any, clock_hz: int) -> _Track:
        sender = transceiver.sender
        sender.transport._rtp_router.register_sender(_Feedback(sender._ssrc, self.feedback), sender._ssrc)
        identifiers = {one.uri: one.id for one in parameters.headerExtensions}
        return _Track(
            sender._ssrc,
            parameters.codecs[0].payloadType,
            clock_hz,
            identifiers.get(ABS_SEND_TIME, 0),
            self._chance.randrange(1 << 15),
            self._chance.randrange(1 << 31),
        )

    def _reach(self, dtls: Any) -> None:
        """The socket under ICE, sent to directly: the event loop's way costs as much again."""
        pair = dtls.transport._connection._nominated[1]
        descriptor = pair.protocol.transport.get_extra_info("socket").fileno()
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._address = pair.remote_addr
        self._protect = dtls._tx_srtp.protect
        self._protect_rtcp = dtls._tx_srtp.protect_rtcp

    def _put(self, datagram: bytes) -> None:
        try:
            self._socket.sendto(datagram, self._address)
        except OSError:
            self.feedback["unsent"] += 1

    def _compound(self, track: _Track) -> bytes:
        info = RtcpSenderInfo(current_ntp_time(), track.ticks, track.packets, track.octets & 0xFFFFFFFF)
        source = RtcpSourceInfo(ssrc=track.ssrc, items=[(1, self._cname.encode())])
        return bytes(RtcpSrPacket(ssrc=track.ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[source]))


def send_from(address: str) -> None:
    """Every publisher of this process sends from this address of the machine, with a browser's choices: the
    first cipher is its own, and as the DTLS client it leaves the choice to the receiver."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
    dtls.SRTP_PROFILES.insert(
        0, dtls.SRTP_PROFILES.pop(dtls.SRTP_PROFILES.index(dtls.SRTP_AES128_CM_SHA1_80))
    )


class _Feedback:
    """Stands where the library's sender stood for the RTCP that comes back."""

    def __init__(self, ssrc: int, counts: Counter[str]) -> None:
        self._ssrc = ssrc
        self._counts = counts

    async def _handle_rtcp_packet(self, packet: object) -> None:
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == 1:
            self._counts["keyframes asked for"] += 1
        elif isinstance(packet, RtcpRtpfbPacket) and packet.fmt == 1:
            self._counts["packets asked for again"] += len(packet.lost)


def _hold_back(sender: RTCRtpSender) -> "asyncio.Future[Any]":
    """Keeps the library from sending anything itself; the result is what was negotiated."""
    negotiated: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def send(_: RTCRtpSender, parameters: Any) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            negotiated.set_result(parameters)

    sender.send = MethodType(send, sender)  # type: ignore[method-assign]
    return negotiated
