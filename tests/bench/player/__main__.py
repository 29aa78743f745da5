"""`make bench-player`: CPU of a browser's processes while three streams play, and while they are paused; time
until the first pictures, over a line of LINE_MS each way.

Beside it, in the same run, three players of Shaka's play the same segments in clear, on a page without words.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, JSONResponse
from playwright.sync_api import Browser, Page, ViewportSize

from capture.media.mux import write
from proctoring.access.model import Role
from proctoring.exams.model import Stream
from proctoring.sessions.model import Session
from storage.objects.store import MemoryObjects
from tests.e2e.player.stage import H264, Stage, application, chromium, encode, plain, served
from tests.support.world import World

HERE = Path(__file__).parent
SHAKA = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "proctoring-tests"
SECONDS = 20
SEGMENTS = 24
SEGMENT_MS = 4000
LINE_MS = 20  # each way
H264_CODECS = "avc1.42e01f,opus"
SIZE: ViewportSize = {"width": 1440, "height": 900}
KINDS = {"renderer": "renderer", "GPU": "gpu"}
PLAYS = "() => [...document.querySelectorAll('video')].every((one) => !one.paused && one.currentTime > 2)"
SHOWN = """() => {
  const videos = [...document.querySelectorAll("video")];
  return videos.length === 3 && videos.every((one) => one.readyState >= 2 && !one.seeking);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    given = parser.parse_args()
    if not (SHAKA / "shaka-player.compiled.js").exists():
        sys.exit("Shaka Player is not here; `make bench-player` fetches it.")
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        stage = Stage(World(Path(folder), objects=MemoryObjects()))
        stage.hire("Proctor", Role.PROCTOR)
        session, files = recorded(stage)
        with served(stage, with_peer(application(stage), files)):
            ways: dict[str, Callable[[], Page]] = {
                "ours": lambda: ours(stage, browser, session),
                "ours, paused": lambda: stage.review(browser, "Proctor", session, viewport=SIZE),
                "Shaka": lambda: shakas(stage, browser),
                "Shaka, paused": lambda: shakas(stage, browser, play=False),
            }
            table(
                {
                    name: [cpu(browser, way, given.seconds) for _ in range(given.runs)]
                    for name, way in ways.items()
                }
            )
            opened = {
                "ours": [
                    first_pictures(stage, browser, f"/sessions/{session.id}") for _ in range(given.runs)
                ],
                "Shaka": [first_pictures(stage, browser, "/peer/peer.html") for _ in range(given.runs)],
            }
            medians = {name: statistics.median(found) for name, found in opened.items()}
            ratio = medians["ours"] / medians["Shaka"]
            print(f"first pictures over a line of {2 * LINE_MS} ms: {medians} ms, {ratio:.2f}")


def recorded(stage: Stage) -> tuple[Session, list[bytes]]:
    """A session of three streams with the same files."""
    session = stage.world.admitted()
    began = stage.world.clock.unix_ms
    pieces = [encode(plain(140), H264, began + n * SEGMENT_MS, SEGMENT_MS) for n in range(SEGMENTS)]
    files = [(piece, write(piece)) for piece in pieces]
    for stream in Stream:
        stage.publish(session, stream, files)
    return stage.finish(session, SEGMENTS * SEGMENT_MS // 1000), [data for _, data in files]


def with_peer(app: FastAPI, files: list[bytes]) -> FastAPI:
    """The same site with Shaka's page, and the same files in clear."""
    step = SEGMENT_MS / 1000
    told = {
        "codecs": H264_CODECS,
        "segments": [
            {"start_s": n * step, "end_s": (n + 1) * step, "url": f"/peer/media/{n}"}
            for n in range(len(files))
        ],
    }

    @app.get("/peer/segments.json")
    def segments() -> Response:
        return JSONResponse(told)

    @app.get("/peer/media/{n}")
    def media(n: int) -> Response:
        return Response(files[n][files[n].index(b"moof") - 4 :], media_type="video/mp4")

    @app.get("/peer/head")
    def head() -> Response:
        return Response(files[0][: files[0].index(b"moof") - 4], media_type="video/mp4")

    @app.get("/peer/{name}")
    def file(name: str) -> Response:
        at = (SHAKA if name.startswith("shaka") else HERE) / name
        return FileResponse(at)

    return app


def ours(stage: Stage, browser: Browser, session: Session) -> Page:
    """The review page, playing."""
    page = stage.review(browser, "Proctor", session, viewport=SIZE)
    page.evaluate("window.review.conductor.play()")
    page.wait_for_function(PLAYS)
    return page


def shakas(stage: Stage, browser: Browser, play: bool = True) -> Page:
    """Three videos in the same places, playing."""
    page = stage.open(browser, "Proctor", "/peer/peer.html", viewport=SIZE)
    page.evaluate("() => window.ready")
    page.wait_for_function(SHOWN)
    if play:
        page.evaluate("document.querySelectorAll('video').forEach((one) => void one.play())")
        page.wait_for_function(PLAYS)
    return page


def cpu(browser: Browser, way: Callable[[], Page], seconds: float) -> dict[str, float]:
    """Milliseconds of CPU a second, by kind of process, while the page goes on."""
    page = way()
    told = browser.new_browser_cdp_session()
    page.wait_for_timeout(1000)
    before, begun = spent(told), time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    after, took_s = spent(told), time.perf_counter() - begun
    page.context.close()
    return {
        name: 1000 * sum(after[one] - before.get(one, 0) for one in after if one[0] == kind) / took_s
        for kind, name in KINDS.items()
    }


def spent(told: Any) -> dict[tuple[str, int], float]:
    """Seconds of CPU of each of the browser's processes so far."""
    found = told.send("SystemInfo.getProcessInfo")["processInfo"]
    return {(one["type"], one["id"]): one["cpuTime"] for one in found}


def table(costs: dict[str, list[dict[str, float]]]) -> None:
    """Medians, and ours over Shaka's."""
    medians = {
        name: {kind: statistics.median(run[kind] for run in runs) for kind in KINDS.values()}
        for name, runs in costs.items()
    }
    print(f"{'ms CPU a second':<16}" + "".join(f"{kind:>10}" for kind in KINDS.values()))
    for name, of in medians.items():
        print(f"{name:<16}" + "".join(f"{of[kind]:>10.1f}" for kind in KINDS.values()))
    ratios = {kind: medians["ours"][kind] / medians["Shaka"][kind] for kind in KINDS.values()}
    print(f"{'ours / Shaka':<16}" + "".join(f"{ratios[kind]:>10.2f}" for kind in KINDS.values()), flush=True)


def first_pictures(stage: Stage, browser: Browser, path: str) -> float:
    """Milliseconds from the address to a picture in every video, with nothing in the browser's cache."""
    context = browser.new_context(base_url=stage.url, viewport=SIZE)
    context.add_cookies([{"name": "login", "value": stage.secrets["Proctor"], "url": stage.url}])
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 2 * LINE_MS, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    begun = time.perf_counter()
    page.goto(path, wait_until="commit")
    page.wait_for_function(SHOWN)
    took_ms = 1000 * (time.perf_counter() - begun)
    context.close()
    return took_ms


if __name__ == "__main__":
    main()
