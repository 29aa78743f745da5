"""WHIP clients that are not ours publish to the real endpoint (RFC 9725)."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candidate_stage import chromium, service
from tests.support import eyevinn, ffmpeg_whip
from tests.support.player import decode_errors, fetch_all
from tests.support.programs import missing
from tests.support.service import Service, wait_until

__all__ = ["service"]

RECORDED_S_MAX = 60
PICTURES = 90
LOST_MAX = 15  # pictures from one keyframe to the next: where the first one or the last ones are missing
GSTREAMER = Path(__file__).parents[1] / "support" / "gstreamer_whip.py"


PUBLISH = """async ([endpoint, authkey]) => {
  const media = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
  window.client = new WHIPClient({ endpoint, opts: { authkey, iceServers: [], timeout: 500 } });
  await client.ingest(media);
  return client.getResourceUrl();
}"""


class Studio(BaseHTTPRequestHandler):
    """An empty page, of another origin than the service."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Studio</title>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def studio() -> Iterator[str]:
    """Where it is served; really, since browsers let no page that came out of the air reach this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Studio)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.live
def test_the_eyevinn_web_client_publishes_from_a_page_of_another_origin(
    service: Service, studio: str
) -> None:
    """The client as its makers publish it on npm, with the token as its key; goodbye ends the take."""
    invited = service.invite("--streams", "webcam")
    with chromium() as browser:
        page = browser.new_context().new_page()
        page.goto(studio)
        page.evaluate(eyevinn.REQUIRE, eyevinn.sources())
        resource = page.evaluate(PUBLISH, [invited["whip_url"], invited["tokens"]["webcam"]])
        assert resource.startswith(f"{service.url}/whip/")
        _wait_stored(service, invited["session_id"], 2)
        page.evaluate("client.destroy()")
    assert _see_recorded(service, invited["session_id"])


@pytest.mark.live
def test_ffmpeg_publishes(service: Service, tmp_path: Path) -> None:
    """The muxer of FFmpeg 8, by a certificate that it is given."""
    invited = service.invite("--streams", "webcam")
    ffmpeg_whip.publish(invited["whip_url"], invited["tokens"]["webcam"], PICTURES, tmp_path)
    assert PICTURES - LOST_MAX <= _see_recorded(service, invited["session_id"]) <= PICTURES


@pytest.mark.live
def test_gstreamer_publishes(service: Service) -> None:
    """Its webrtcbin, which is what its WHIP elements are made of; its certificate is of RSA."""
    client = _gstreamer()
    invited = service.invite("--streams", "webcam")
    publication = [invited["whip_url"], invited["tokens"]["webcam"], str(PICTURES)]
    subprocess.run([*client, *publication], check=True, timeout=RECORDED_S_MAX)
    assert PICTURES - LOST_MAX <= _see_recorded(service, invited["session_id"]) <= PICTURES


def _gstreamer() -> list[str]:
    """The client's command; of Python's, only the system's own may have GStreamer's bindings."""
    python = shutil.which("python3", path=os.defpath)
    client = [python or "", str(GSTREAMER)]
    if python is None or subprocess.run(client, capture_output=True).returncode:
        missing("gstreamer", "GStreamer's webrtcbin or its Python bindings are not installed.")
    return client


def _wait_stored(service: Service, session_id: str, segments: int) -> None:
    def stored() -> bool:
        (stream,) = service.run("session", "show", session_id)["streams"]
        return bool(stream["segments"] >= segments)

    wait_until(stored, RECORDED_S_MAX, "nothing was stored")


def _see_recorded(service: Service, session_id: str) -> int:
    """The session's one take has ended by itself and every segment decodes: how many pictures there are."""
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
    return sum(decode_errors(segment)[0] for segment in fetch_all(reviewer, session_id, line))
