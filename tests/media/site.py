"""A WHIP server on a free port over a MemoryRecorder, and a headless Chromium to publish to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from playwright.async_api import Page, async_playwright

from capture.publish.ingests import Ingests
from capture.publish.whip import routes
from capture.recorder import Grant, MemoryRecorder, MemoryTake
from proctoring.exams.model import Stream
from proctoring.web import problems
from tests.support.browser import ALLOW_DEVICES, ARGS, chromium_path

TIMEOUT_S = 60.0


class Site:
    """The running server: `url`, `recorder`, `ingests`, and files that its pages may fetch under /file/.

    Media comes to the loopback address; `own` says whether to all addresses of this machine.
    """

    def __init__(self, own: bool = False) -> None:
        self.recorder = MemoryRecorder(
            {stream.value: Grant("session-1", stream) for stream in Stream}
            | {"other": Grant("session-2", Stream.WEBCAM)}
        )
        self.ingests = Ingests(self.recorder, addresses=None if own else ["127.0.0.1"])
        self.files: dict[str, bytes] = {}
        self.url = ""
        self.app = FastAPI()
        problems.install(self.app)
        self.app.include_router(routes(self.ingests))
        self.app.get("/page")(self._page)
        self.app.get("/file/{name}")(self._file)

    async def _page(self) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>Publisher</title><video muted></video>")

    async def _file(self, name: str) -> Response:
        return Response(self.files[name])

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until a condition on the recorder holds."""
        async with self.recorder.changed:
            await asyncio.wait_for(self.recorder.changed.wait_for(condition), TIMEOUT_S)

    def takes(self, stream: Stream) -> list[MemoryTake]:
        return [take for take in self.recorder.takes.values() if take.grant.stream is stream]


@contextlib.asynccontextmanager
async def running_site(own: bool = False) -> AsyncIterator[Site]:
    site = Site(own)
    config = uvicorn.Config(site.app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    site.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    await site.ingests.start()
    try:
        yield site
    finally:
        await site.ingests.close()
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def chromium_page(site: Site, profile: Path) -> AsyncIterator[Page]:
    """A page of the site in a headless Chromium; skips the test where there is none."""
    path = chromium_path()
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            str(profile), executable_path=path, args=[*ARGS, ALLOW_DEVICES]
        )
        try:
            page = context.pages[0]
            await page.goto(f"{site.url}/page")
            yield page
        finally:
            await context.close()


PUBLISH = """async ({source, codec, token, rate, beep}) => {
  let stream;
  if (source === 'screen') {
    stream = await navigator.mediaDevices.getDisplayMedia({video: {frameRate: rate || 10}});
  } else if (source.startsWith('clock')) {
    // Each picture carries the wall clock as 41 black or white blocks.
    const canvas = document.body.appendChild(document.createElement('canvas'));
    canvas.width = 656; canvas.height = 64;
    const draw = canvas.getContext('2d');
    stream = canvas.captureStream(0);
    const track = stream.getVideoTracks()[0];
    window.painting = setInterval(() => {
      const now = Date.now();
      for (let bit = 0; bit < 41; bit++) {
        draw.fillStyle = Math.floor(now / 2 ** bit) % 2 ? '#fff' : '#000';
        draw.fillRect(bit * 16, 0, 16, 64);
      }
      track.requestFrame();
    }, 1000 / rate);
    if (source === 'clock+beep') {
      // A tone begins whenever the wall clock is at a full period.
      const sound = new AudioContext();
      await sound.resume();
      const tone = new OscillatorNode(sound, {frequency: beep.hz});
      const gate = new GainNode(sound, {gain: 0});
      const out = new MediaStreamAudioDestinationNode(sound);
      tone.connect(gate).connect(out);
      tone.start();
      const opens = Date.now() - sound.currentTime * 1000;
      const first = Math.ceil((Date.now() + 500) / beep.every) * beep.every;
      for (let at = first; at < first + 60000; at += beep.every) {
        gate.gain.setValueAtTime(0.25, (at - opens) / 1000);
        gate.gain.setValueAtTime(0, (at - opens + beep.ms) / 1000);
      }
      stream.addTrack(out.stream.getAudioTracks()[0]);
    }
  } else {
    const audio = source === 'webcam';
    const video = {width: 640, height: 480, frameRate: 15};
    stream = await navigator.mediaDevices.getUserMedia({video, audio});
  }
  const pc = new RTCPeerConnection();
  window.pcs = window.pcs || {};
  window.pcs[token] = {pc, stream};
  for (const track of stream.getTracks()) {
    const encodings = track.kind === 'video' ? [{maxBitrate: 800000}] : undefined;
    const sender = pc.addTransceiver(
      track, {direction: 'sendonly', streams: [stream], sendEncodings: encodings});
    if (track.kind === 'video') {
      const known = RTCRtpSender.getCapabilities('video').codecs;
      sender.setCodecPreferences(known.filter(c => ['video/' + codec, 'video/rtx'].includes(c.mimeType)));
    }
  }
  await pc.setLocalDescription();
  const answer = await fetch('/whip', {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', 'Authorization': 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(await answer.text());
  window.pcs[token].location = answer.headers.get('Location');
  await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
  return {etag: answer.headers.get('ETag'), location: window.pcs[token].location};
}"""

GOODBYE = """async ({token, cause}) => {
  const {location} = window.pcs[token];
  const answer = await fetch(location + '?cause=' + cause,
    {method: 'DELETE', headers: {'Authorization': 'Bearer ' + token}});
  window.pcs[token].pc.close();
  return answer.status;
}"""
