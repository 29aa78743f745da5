"""A plain WHIP endpoint for tests, by aiortc's own receiver: it decodes and keeps what arrives."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FRAMES_KEPT_MAX = 400


@dataclass
class Receiver:
    """What came in. `token` is the only one let in; `changed` is notified at every picture and goodbye."""

    token: str = "good-token"
    frames: list[VideoFrame] = field(default_factory=list)
    keyframes: int = 0
    sounds: int = 0
    goodbyes: int = 0
    takes: int = 0
    peers: list[RTCPeerConnection] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def until(self, condition: Any, limit_s: float = 30.0) -> None:
        """Waits until the condition holds of this receiver; fails after the limit."""
        async with asyncio.timeout(limit_s), self.changed:
            await self.changed.wait_for(lambda: condition(self))

    async def ask_for_keyframe(self) -> None:
        """Sends a PLI for the newest peer's picture."""
        receiver = next(one for one in self.peers[-1].getReceivers() if one.track.kind == "video")
        ((source, _),) = [*receiver._RTCRtpReceiver__active_ssrc.items()][:1]  # type: ignore[attr-defined]
        await receiver._send_rtcp_pli(source)

    async def offer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            problem = {
                "title": "Token refused",
                "detail": "This token has expired.",
                "remedy": "Ask for a new link.",
            }
            return JSONResponse(problem, 401, media_type="application/problem+json")
        pc = RTCPeerConnection()
        self.peers.append(pc)
        self.takes += 1
        pc.on("track", self._listen)
        await pc.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        headers = {"Location": f"/whip/{len(self.peers)}"}
        return Response(pc.localDescription.sdp, 201, headers, "application/sdp")

    async def leave(self, request: Request) -> Response:
        self.goodbyes += 1
        await self._tell()
        return Response(status_code=200)

    def _listen(self, track: MediaStreamTrack) -> None:
        self.tasks.append(asyncio.ensure_future(self._take(track)))

    async def _take(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    if len(self.frames) < FRAMES_KEPT_MAX:
                        self.frames.append(frame)
                    self.keyframes += frame.key_frame
                else:
                    self.sounds += 1
                await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serves a Receiver on a free port of 127.0.0.1."""
    receiver = Receiver()
    app = Starlette(
        routes=[
            Route("/whip", receiver.offer, methods=["POST"]),
            Route("/whip/{number}", receiver.leave, methods=["DELETE"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off", ws="none"))
    sock = server.config.bind_socket()
    receiver.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    task = asyncio.ensure_future(server.serve(sockets=[sock]))
    try:
        yield receiver
    finally:
        await asyncio.gather(*(pc.close() for pc in receiver.peers))
        await asyncio.gather(*receiver.tasks)
        server.should_exit = True
        await task
        sock.close()
