"""Publisher of aiortc: another WebRTC stack than a browser's."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import httpx2
import numpy as np
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcdtlstransport import RTCCertificate, generate_certificate
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from capture.receive import aiortc_hooks
from tests.media.site import Site

CERTIFICATES = "_RTCPeerConnection__certificates"  # private to the library
KEYS: dict[str, Callable[[], Any]] = {
    "ECDSA": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


class Moving(VideoStreamTrack):
    """A grey picture that changes with time."""

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        image = np.full((120, 160, 3), (pts // 3000 * 8) % 256, np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts, frame.time_base = pts, Fraction(time_base)
        return frame


class Publisher:
    """An aiortc WHIP client, with a certificate of its own making or one for `key`."""

    def __init__(
        self,
        site: Site,
        token: str,
        codec: str,
        *extra: MediaStreamTrack,
        again: bool = True,
        key: Any = None,
    ) -> None:
        self.site, self.token = site, token
        self.connection = RTCPeerConnection()
        if key is not None:
            certificate = RTCCertificate(key, generate_certificate(key))
            setattr(self.connection, CERTIFICATES, [certificate])
            aiortc_hooks.allow_rsa(self.connection)
        for track in (Moving(), *extra):
            transceiver = self.connection.addTransceiver(track, direction="sendonly")
            if track.kind == "video":
                known = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in known if c.name in (codec, again and "rtx")])
        self.location = ""

    async def publish(self) -> None:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        async with httpx2.AsyncClient() as client:
            response = await client.post(
                f"{self.site.url}/whip",
                content=self.connection.localDescription.sdp,
                headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"},
            )
        assert response.status_code == 201, response.text
        self.location = response.headers["location"]
        await self.connection.setRemoteDescription(RTCSessionDescription(response.text, "answer"))

    def vanish(self) -> None:
        """Stops answering without a word, as a machine does whose cable is pulled."""
        for sender in self.connection.getSenders():
            for protocol in sender.transport.transport._connection._protocols:
                protocol.transport.abort()
