"""`python -m tests.bench.aiortc_server MODE PORT ADDRESS FOLDER`: plain aiortc as others use it, behind WHIP.

record       MediaRecorder: decoded and encoded again, into one .webm for each publisher
decode       decoded, the pictures thrown away: the least that aiortc's public interface can do
passthrough  aiortc's RTP path with the decoder taken out; encoded frames through FFmpeg's WebM writer, one
             file of about SEGMENT_S each, AES-256-GCM, a file on the disk
"""

import asyncio
import contextlib
import io
import itertools
import os
import queue
import sys
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import aioice.ice
import aiortc.rtcrtpreceiver
import av
import uvicorn
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder
from aiortc.mediastreams import MediaStreamError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SEGMENT_S = 4
VIDEO_CLOCK_HZ, AUDIO_CLOCK_HZ = 90_000, 48_000
NONCE_BYTES = 12


class Recording:
    """One publisher's frames into a MediaRecorder."""

    def __init__(self, pc: RTCPeerConnection, folder: Path, number: int) -> None:
        self.frames = 0
        self._recorder = MediaRecorder(str(folder / f"{number}.webm"))
        self._file = folder / f"{number}.webm"
        pc.on("track", self._recorder.addTrack)

    async def start(self) -> None:
        await self._recorder.start()

    async def stop(self) -> None:
        await self._recorder.stop()
        with contextlib.suppress(OSError, av.FFmpegError), av.open(self._file) as container:
            self.frames = sum(1 for packet in container.demux(video=0) if packet.size)


class Decoding:
    """One publisher's frames decoded and counted."""

    def __init__(self, pc: RTCPeerConnection, folder: Path, number: int) -> None:
        self.frames = 0
        self._tasks: list[asyncio.Task[None]] = []
        pc.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._take(track))))

    async def start(self) -> None:
        """Begins by itself."""

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _take(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()
                self.frames += track.kind == "video"


class Passthrough:
    """One publisher's encoded frames, segment by segment, encrypted."""

    def __init__(self, pc: RTCPeerConnection, folder: Path, number: int) -> None:
        self.frames = 0
        self._pc = pc
        self._folder = folder / str(number)
        self._folder.mkdir()
        self._numbers = itertools.count()
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._container: Any = None
        self._begun = 0

    async def start(self) -> None:
        """Takes the place of the queue in front of each decoder's thread, which ends at once."""
        for transceiver in self._pc.getTransceivers():
            taken: Any = transceiver.receiver
            taken._RTCRtpReceiver__decoder_queue = _Frames(self, transceiver.kind == "video")

    async def stop(self) -> None:
        self._close()

    def take(self, video: bool, frame: Any) -> None:
        """One encoded frame with its timestamp from 0, as the jitter buffer gives it out."""
        keyframe = not frame.data[0] & 1
        if (
            video
            and keyframe
            and (not self._container or frame.timestamp - self._begun >= SEGMENT_S * VIDEO_CLOCK_HZ)
        ):
            self._close()
            self._open()
            self._begun = frame.timestamp
        if self._container is None:
            return
        packet = av.Packet(frame.data)
        packet.stream = self._video if video else self._audio
        packet.time_base = Fraction(1, VIDEO_CLOCK_HZ if video else AUDIO_CLOCK_HZ)
        packet.pts = packet.dts = frame.timestamp
        packet.is_keyframe = not video or keyframe
        self._container.mux_one(packet)
        self.frames += video

    def _open(self) -> None:
        self._buffer = io.BytesIO()
        self._container = av.open(self._buffer, "w", format="webm", options={"live": "1"})
        self._video = self._container.add_mux_stream("vp8", rate=15, width=640, height=480)
        self._audio = self._container.add_mux_stream("opus", rate=AUDIO_CLOCK_HZ)

    def _close(self) -> None:
        if self._container is None:
            return
        self._container.close()
        self._container = None
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, self._buffer.getbuffer(), None)
        (self._folder / f"{next(self._numbers)}.sealed").write_bytes(sealed)


class _Frames(queue.Queue[Any]):
    def __init__(self, passthrough: Passthrough, video: bool) -> None:
        super().__init__()
        self._passthrough = passthrough
        self._video = video

    def put(self, task: Any, block: bool = True, timeout: float | None = None) -> None:
        if task is not None:
            self._passthrough.take(self._video, task[1])


MODES: dict[str, type[Recording | Decoding | Passthrough]] = {
    "record": Recording,
    "decode": Decoding,
    "passthrough": Passthrough,
}


def application(mode: str, folder: Path) -> Starlette:
    """WHIP as far as the publishers need it, and `GET /frames`: pictures kept of each publisher that left."""
    kept: list[int] = []
    living: dict[str, tuple[RTCPeerConnection, Recording | Decoding | Passthrough]] = {}
    numbers = itertools.count()

    async def publish(request: Request) -> Response:
        pc, number = RTCPeerConnection(), next(numbers)
        taker = MODES[mode](pc, folder, number)
        await pc.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await taker.start()
        await pc.setLocalDescription(await pc.createAnswer())
        living[str(number)] = pc, taker
        return Response(pc.localDescription.sdp, 201, {"Location": f"/whip/{number}"}, "application/sdp")

    async def leave(request: Request) -> Response:
        pc, taker = living.pop(request.path_params["number"])
        await taker.stop()
        await pc.close()
        kept.append(taker.frames)
        return Response(status_code=200)

    async def frames(request: Request) -> Response:
        return JSONResponse(kept)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for pc, _taker in living.values():
            await pc.close()

    return Starlette(
        routes=[
            Route("/whip", publish, methods=["POST"]),
            Route("/whip/{number}", leave, methods=["DELETE"]),
            Route("/frames", frames),
        ],
        lifespan=lifespan,
    )


def main(mode: str, port: str, address: str, folder: str) -> None:
    """Serves until it is terminated."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
    if mode == "passthrough":
        aiortc.rtcrtpreceiver.decoder_worker = lambda *queues: None
    uvicorn.run(
        application(mode, Path(folder)), port=int(port), loop="asyncio", log_level="warning", ws="none"
    )


main(*sys.argv[1:])
