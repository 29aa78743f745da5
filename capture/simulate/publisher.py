"""Publishes one simulated stream to a WHIP endpoint (RFC 9725), as any standard client does."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import httpx2
from aiortc import RTCPeerConnection, RTCSessionDescription

from capture.simulate import peer
from capture.simulate.absence import HERE
from capture.simulate.devices import DEVICES
from capture.simulate.encoding import Codec
from capture.simulate.tracks import VideoTrack
from proctoring.clock import Clock, system_clock
from proctoring.errors import CoreError
from proctoring.exams.model import Stream

ANSWER_S_MAX = 20.0
CONNECT_S_MAX = 20.0
PROGRESS_EVERY_S = 1.0

OnSent = Callable[[Stream, float], None]


class PublishFailed(CoreError):
    """The stream could not be published, or not to its end."""

    title = "Publishing failed"


@dataclass(frozen=True, slots=True)
class Published:
    """What one publish sent: seconds connected, pictures, and bytes of encoded picture."""

    stream: Stream
    seconds: float
    frames: int
    video_bytes: int


async def publish(
    url: str,
    token: str,
    stream: Stream,
    *,
    seconds: float,
    codec: Codec = "H264",
    number: int = 0,
    goodbye: bool = True,
    on_progress: OnSent | None = None,
    clock: Clock = system_clock,
    away: range = HERE,
) -> Published:
    """Publishes `stream` of simulated candidate `number` for that many seconds after the connection is
    established. Nobody is in the picture while the clock, in Unix milliseconds, is within `away`.

    `on_progress` gets the stream and the seconds sent, about once a second. Without `goodbye` the sockets
    close in silence at the end, as when a network is lost. Raises PublishFailed, with what to do.
    """
    device, loop = DEVICES[stream], asyncio.get_running_loop()
    video = await loop.run_in_executor(None, device.video, number, codec, clock, away)
    audio = await loop.run_in_executor(None, device.audio, number, clock)
    pc = peer.sending(video, audio, codec, loopback=_is_loopback(url))
    ended = asyncio.Event()
    connected = asyncio.Event()

    @pc.on("connectionstatechange")
    def changed() -> None:
        if pc.connectionState == "connected":
            connected.set()
        elif pc.connectionState in ("failed", "closed"):
            ended.set()

    async with httpx2.AsyncClient(
        trust_env=False, verify=ssl.create_default_context(), timeout=ANSWER_S_MAX
    ) as http:
        ingest: str | None = None
        try:
            ingest = await _offer(http, url, token, pc)
            await _first(connected, ended, CONNECT_S_MAX)
            sent_s = await _send(stream, seconds, ended, on_progress)
        finally:
            if ingest is not None and goodbye:
                await _leave(http, ingest, token)
            await (pc.close() if goodbye else peer.fall_silent(pc))
    return _summary(stream, sent_s, video)


async def _offer(http: httpx2.AsyncClient, url: str, token: str, pc: RTCPeerConnection) -> str:
    """POSTs the offer, takes the answer, returns the ingest's URL (RFC 9725, section 4.2)."""
    await pc.setLocalDescription(await pc.createOffer())
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    try:
        answer = await http.post(url, content=pc.localDescription.sdp, headers=headers)
    except httpx2.HTTPError as error:
        raise PublishFailed(
            f"No answer from {urlsplit(url).netloc}: {type(error).__name__}.", "Is the server running there?"
        ) from error
    if answer.status_code != httpx2.codes.CREATED or "Location" not in answer.headers:
        raise _refused(answer)
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp=answer.text, type="answer"))
    except Exception as error:  # aiortc raises whatever its parser met
        raise PublishFailed(
            f"The server's answer cannot be used: {error}",
            "Look at the server's log; is this a WHIP endpoint?",
        ) from error
    return urljoin(url, answer.headers["Location"])


def _refused(answer: httpx2.Response) -> PublishFailed:
    """The problem document's words where there is one (RFC 9457)."""
    try:
        problem = answer.json()
        detail, remedy = str(problem["detail"]), str(problem.get("remedy", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        detail, remedy = (
            f"The server answered {answer.status_code}.",
            "Is this the address of a WHIP endpoint?",
        )
    return PublishFailed(detail, remedy)


async def _first(connected: asyncio.Event, ended: asyncio.Event, limit_s: float) -> None:
    waits = [asyncio.ensure_future(connected.wait()), asyncio.ensure_future(ended.wait())]
    try:
        await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if not connected.is_set():
        raise PublishFailed("No media connection came about.", "Let UDP through between here and the server.")


async def _send(stream: Stream, seconds: float, ended: asyncio.Event, on_progress: OnSent | None) -> float:
    """Lets the tracks run for that long. Raises PublishFailed when the server ends the connection before."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    while (sent_s := loop.time() - start_s) < seconds:
        try:
            await asyncio.wait_for(ended.wait(), min(PROGRESS_EVERY_S, seconds - sent_s))
        except TimeoutError:
            if on_progress is not None:
                on_progress(stream, loop.time() - start_s)
        else:
            raise PublishFailed(
                f"The server ended the connection after {sent_s:.0f} s.",
                "Is the session over, or the server stopped?",
            )
    return sent_s


async def _leave(http: httpx2.AsyncClient, ingest: str, token: str) -> None:
    """DELETEs the ingest; an ingest that is already gone, or a server that is, needs no goodbye."""
    try:
        await http.delete(ingest, headers={"Authorization": f"Bearer {token}"})
    except httpx2.HTTPError:
        return


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _summary(stream: Stream, sent_s: float, video: VideoTrack) -> Published:
    return Published(stream, sent_s, video.frames, video.sent_bytes)
