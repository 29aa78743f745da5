"""WHIP clients that are not ours publish to the real endpoint (RFC 9725): a web page's, FFmpeg, GStreamer."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.e2e.candidate_stage import chromium, service
from tests.support.browser import missing
from tests.support.player import fetch_all
from tests.support.service import Service, wait_until

__all__ = ["service"]

MODULES = Path(__file__).parents[2] / "node_modules"
STUDIO = "http://localhost:9"  # a page of another origin; the browser never asks the network for it
RECORDED_S_MAX = 60
SEND_S = 6

# Node's modules in a page: each file is a function of module, exports and require.
REQUIRE = """(files) => {
  const loaded = {};
  const load = (name) => {
    if (!loaded[name]) {
      const module = (loaded[name] = { exports: {} });
      const folder = name.slice(0, name.lastIndexOf("/"));
      const path = (wanted) => (wanted.startsWith("./") ? `${folder}/${wanted.slice(2)}.js` : files[wanted]);
      const require = (wanted) => load(path(wanted));
      new Function("module", "exports", "require", files[name])(module, module.exports, require);
    }
    return loaded[name].exports;
  };
  window.WHIPClient = load(files["@eyevinn/whip-web-client"]).WHIPClient;
}"""
PUBLISH = """async ([endpoint, authkey]) => {
  const media = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  window.client = new WHIPClient({ endpoint, opts: { authkey, iceServers: [], timeout: 500 } });
  await client.ingest(media);
  return client.getResourceUrl();
}"""


@pytest.mark.browser
def test_the_eyevinn_web_client_publishes_from_a_page_of_another_origin(service: Service) -> None:
    """The client as its makers publish it on npm, with the token as its key; goodbye ends the take."""
    invited = service.invite("--streams", "webcam")
    with chromium() as browser:
        page = browser.new_context().new_page()
        _be_the_studio(page)
        page.goto(STUDIO)
        page.evaluate(REQUIRE, _eyevinn())
        resource = page.evaluate(PUBLISH, [invited["whip_url"], invited["tokens"]["webcam"]])
        assert resource.startswith(f"{service.url}/whip/")
        _wait_stored(service, invited["session_id"], 2)
        page.evaluate("client.destroy()")
    _see_recorded(service, invited["session_id"])


def test_ffmpeg_publishes(service: Service) -> None:
    """FFmpeg's own WHIP muxer: H.264 as it comes from an encoder, Opus, the token as its authorization."""
    av = pytest.importorskip("av")
    if "whip" not in av.formats_available:
        pytest.skip("this FFmpeg was built without its WHIP muxer")
    invited = service.invite("--streams", "webcam")
    program = [sys.executable, "-m", "tests.support.ffmpeg_whip"]
    subprocess.run(
        [*program, invited["whip_url"], invited["tokens"]["webcam"], str(SEND_S)],
        check=True,
        timeout=RECORDED_S_MAX,
    )
    _see_recorded(service, invited["session_id"])


def test_gstreamer_publishes(service: Service) -> None:
    """Debian's simple-whip-client, GStreamer's webrtcbin beneath, candidates trickled: VP8 and Opus."""
    if shutil.which("whip-client") is None:
        pytest.skip("whip-client is not installed; `apt-get install simple-whip-client` brings it")
    invited = service.invite("--streams", "screen")
    video = (
        "videotestsrc is-live=true ! video/x-raw,width=640,height=480,framerate=15/1 ! queue ! "
        "vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=96 ssrc=2 ! queue ! "
        "application/x-rtp,media=video,encoding-name=VP8,payload=96"
    )
    audio = (
        "audiotestsrc is-live=true ! audioconvert ! audioresample ! queue ! opusenc ! "
        "rtpopuspay pt=100 ssrc=1 ! queue ! application/x-rtp,media=audio,encoding-name=OPUS,payload=100"
    )
    with _running(
        "whip-client", "-u", invited["whip_url"], "-t", invited["tokens"]["screen"], "-V", video, "-A", audio
    ):
        _wait_stored(service, invited["session_id"], 2)
    _see_recorded(service, invited["session_id"])


def _eyevinn() -> dict[str, str]:
    """The client and what it requires: path to source, and package to path of its entry."""
    entries = {
        "@eyevinn/whip-web-client": "@eyevinn/whip-web-client/dist/whip-client.js",
        "events": "events/events.js",
        "sdp-transform": "sdp-transform/lib/index.js",
    }
    if not (MODULES / entries["@eyevinn/whip-web-client"]).exists():
        missing("npm", "The Eyevinn WHIP client is not installed; `npm ci` brings it.")
    paths = [path for package in ("events", "sdp-transform/lib") for path in (MODULES / package).glob("*.js")]
    paths.append(MODULES / entries["@eyevinn/whip-web-client"])
    return entries | {path.relative_to(MODULES).as_posix(): path.read_text() for path in paths}


def _be_the_studio(page: Page) -> None:
    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<!doctype html><title>Studio</title>")

    page.route(f"{STUDIO}/**", answer)


@contextmanager
def _running(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(RECORDED_S_MAX)


def _wait_stored(service: Service, session_id: str, segments: int) -> None:
    def stored() -> bool:
        (stream,) = service.run("session", "show", session_id)["streams"]
        return bool(stream["segments"] >= segments)

    wait_until(stored, RECORDED_S_MAX, "nothing was stored")


def _see_recorded(service: Service, session_id: str) -> None:
    """The session's one take has ended by itself, and every picture of its every segment decodes."""
    reviewer = service.signed_in("M. Claes", "proctor")

    def take() -> dict[str, Any]:
        line.update(reviewer.get(f"/sessions/{session_id}/timeline.json").json())
        (stream,) = line["streams"]
        (only,) = stream["takes"]
        return dict(only)

    line: dict[str, Any] = {}
    wait_until(lambda: take()["end_cause"], RECORDED_S_MAX, "the take has not ended")
    assert take()["end_cause"] == "stopped"
    assert "opus" in take()["media_type"]
    assert fetch_all(reviewer, session_id, line)
