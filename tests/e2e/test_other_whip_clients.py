"""A WHIP client that is not ours publishes to the real endpoint (RFC 9725), from a page of another origin."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.candidate_stage import chromium, service
from tests.support.player import fetch_all
from tests.support.programs import missing
from tests.support.service import Service, wait_until

__all__ = ["service"]

MODULES = Path(__file__).parents[2] / "node_modules"
RECORDED_S_MAX = 60

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
        page.evaluate(REQUIRE, _eyevinn())
        resource = page.evaluate(PUBLISH, [invited["whip_url"], invited["tokens"]["webcam"]])
        assert resource.startswith(f"{service.url}/whip/")
        _wait_stored(service, invited["session_id"], 2)
        page.evaluate("client.destroy()")
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
