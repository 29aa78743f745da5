"""A recorded session made of real segments, the review edge over it on a free port, and a Chromium on that.

Every frame carries its wall clock (`capture.simulate.clockstamp`), so that a test can read from the
screen which moment each stream shows.
"""

import base64
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import uvicorn
from fastapi import FastAPI
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, sync_playwright

from capture.media.h264 import ParameterSets, is_picture, length_prefixed
from capture.media.mux import write
from capture.media.piece import TICKS_PER_MS, Piece, Sample, VideoConfig, Vp8Config
from capture.simulate.clockstamp import stamp
from capture.simulate.encoding import OpusEncoder, VideoEncoder, VideoShape
from capture.simulate.sound import BLOCK_SAMPLES, Voice
from proctoring.access import service as access
from proctoring.access.model import Person, Role
from proctoring.exams.model import Exam, Stream
from proctoring.recordings import ending
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause
from proctoring.sessions.model import Session
from proctoring.web import problems
from proctoring.web.assets import ROOT, assets
from proctoring.web.security import BrowserRules
from review_ui.app import draw_problems
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
from tests.support.browser import chromium_path
from tests.support.clockreader import read_clock
from tests.support.decoded import read_image
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN, World

CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
TIMEOUT_MS = 60_000
SEGMENT_MS = 4000
FRAME_MS = 100
SOUND_PER_MS = 48

Picture = NDArray[np.uint8]
Draw = Callable[[int], Picture]


@dataclass(frozen=True)
class Shape:
    """How a take is encoded."""

    codec: Literal["H264", "VP8"]
    sound: bool


H264 = Shape("H264", True)
H264_SILENT = Shape("H264", False)
VP8 = Shape("VP8", True)
VP8_SILENT = Shape("VP8", False)


def plain(shade: int) -> Draw:
    """A picture of one shade with a bar that moves."""

    def draw(unix_ms: int) -> Picture:
        picture = np.full((360, 640, 3), shade, np.uint8)
        x = (unix_ms // 10) % 600
        picture[200:240, x : x + 40] = 255 - shade
        return picture

    return draw


def encode(draw: Draw, shape: Shape, start_unix_ms: int, duration_ms: int) -> Piece:
    """One self-contained segment, cut as `capture` cuts them: a keyframe first, timestamps from 0."""
    pictures = [draw(start_unix_ms + at_ms).copy() for at_ms in range(0, duration_ms, FRAME_MS)]
    high, wide = pictures[0].shape[:2]
    encoder = VideoEncoder(shape.codec, VideoShape(wide, high, 1000 // FRAME_MS, 600_000))
    config: VideoConfig = Vp8Config(wide, high)
    video = []
    for number, picture in enumerate(pictures):
        stamp(picture, start_unix_ms + number * FRAME_MS)
        ticks = number * FRAME_MS * TICKS_PER_MS
        data = bytes(encoder.encode(picture, ticks, keyframe=number == 0))
        if shape.codec == "H264":
            nals = [nal for nal in re.split(b"\x00*\x00\x00\x01", data) if nal]
            found = ParameterSets(nals).config_for(next(nal for nal in nals if is_picture(nal)))
            config = found or config
            data = length_prefixed([nal for nal in nals if is_picture(nal)])
        video.append(Sample(ticks, data, number == 0))
    sound, voice, audio = OpusEncoder(), Voice(), []
    for tick in range(0, duration_ms * SOUND_PER_MS if shape.sound else 0, BLOCK_SAMPLES):
        block = voice.block(start_unix_ms * SOUND_PER_MS + tick)
        audio.append(Sample(tick, bytes(sound.encode(block, tick))))
    return Piece(start_unix_ms, duration_ms, config, tuple(video), tuple(audio), shape.sound)


@dataclass
class Stage:
    """A world with its staff, its site's address, and how to record something in it."""

    world: World
    url: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def hire(self, name: str, role: Role) -> Person:
        """A staff member who is signed in."""
        core = self.world.core
        with core.db.begin() as db:
            person = access.add_user(db, core, ADMIN, name, role)
            _, self.secrets[name] = access.begin_login(db, core, access.new_link(db, core, ADMIN, person))
        self.people[name] = person
        return person

    def take(
        self,
        session: Session,
        stream: Stream,
        shape: Shape,
        start_ms: int,
        end_ms: int,
        cause: EndCause | None = EndCause.STOPPED,
        draw: Draw | None = None,
    ) -> str:
        """Publish a take from `start_ms` to `end_ms` after the world's present instant; its id."""
        began = self.world.clock.unix_ms
        shades = {Stream.WEBCAM: 90, Stream.PHONE: 140, Stream.SCREEN: 200}
        pieces = [
            encode(draw or plain(shades[stream]), shape, began + at_ms, min(SEGMENT_MS, end_ms - at_ms))
            for at_ms in range(start_ms, end_ms, SEGMENT_MS)
        ]
        return self.publish(session, stream, [(piece, write(piece)) for piece in pieces], cause)

    def publish(
        self,
        session: Session,
        stream: Stream,
        files: list[tuple[Piece, bytes]],
        cause: EndCause | None = EndCause.STOPPED,
    ) -> str:
        """Publish a take of finished files, each with the piece that says when it is; its id."""
        core, first = self.world.core, files[0][0]
        media_type = first.media_type
        with core.db.begin() as db:
            begun = recordings.begin_take(
                db, core, session.id, stream, media_type, start_unix_ms=first.start_unix_ms
            )
        for seq, (piece, data) in enumerate(files):
            sealed = begun.sealer.seal(seq, media_type, data)
            self.world.objects.put(segment_key(begun.take.unit_id, begun.take.id, seq), sealed)
            segment = SealedSegment(seq, digest(sealed), len(sealed), piece.start_unix_ms, piece.duration_ms)
            with core.db.begin() as db:
                recordings.register(db, core, begun.take.id, segment)
        if cause is not None:
            with core.db.begin() as db:
                recordings.end_take(db, core, begun.take.id, cause)
        return begun.take.id

    def session(self, exam: Exam | None = None) -> Session:
        """24 s: everything is away from 8 s to 12 s, the phone once more from 16 s to 20 s; the webcam
        comes back with another codec."""
        session = self.world.admitted(exam)
        self.take(session, Stream.SCREEN, VP8_SILENT, 0, 8000, EndCause.SHARING_ENDED)
        self.take(session, Stream.SCREEN, VP8_SILENT, 12_000, 24_000)
        self.take(session, Stream.WEBCAM, H264, 0, 8000, EndCause.CONNECTION_LOST)
        self.take(session, Stream.WEBCAM, VP8, 12_000, 24_000)
        self.take(session, Stream.PHONE, H264, 0, 8000, EndCause.CONNECTION_LOST)
        self.take(session, Stream.PHONE, H264, 12_000, 16_000, EndCause.DEVICE_LOST)
        self.take(session, Stream.PHONE, H264, 20_000, 24_000)
        return self.finish(session)

    def finish(self, session: Session, seconds: int = 24) -> Session:
        """The session, ended so long after the world's present instant."""
        self.world.clock.move(seconds=seconds)
        with self.world.core.db.begin() as db:
            return ending.finish(db, self.world.core, session.id)

    def open(self, browser: Browser, name: str, path: str, **options: object) -> Page:
        """A page of the site, signed in as `name`."""
        context = browser.new_context(base_url=self.url, **options)  # type: ignore[arg-type]
        context.add_cookies([{"name": "login", "value": self.secrets[name], "url": self.url}])
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.goto(path)
        return page

    def review(
        self, browser: Browser, name: str, session: Session, query: str = "", **options: object
    ) -> Page:
        """The review page with the player ready and its first pictures shown."""
        page = self.open(browser, name, f"/sessions/{session.id}{query}", **options)
        page.wait_for_selector("#player[data-ready]")
        return page


def application(stage: Stage) -> FastAPI:
    """The review edge alone, with the look."""
    app = FastAPI()
    app.add_middleware(BrowserRules)
    problems.install(app)
    for name, package in {"look": "proctoring.web", "review": "review_ui"}.items():
        app.mount(f"{ROOT}/{name}", assets(name, package))
    given = (stage.world.core, stage.world.opener, stage.world.objects)
    app.include_router(staff_routes(*given))
    app.state.staff_problem = draw_problems(*given)
    return app


@contextmanager
def served(stage: Stage, app: FastAPI | None = None) -> Iterator[Stage]:
    """The stage's site, or another, on a free port of this machine, until the block ends."""
    app = app or application(stage)
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    stage.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield stage
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the test's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGS)
        yield browser
        browser.close()


# A browser paints what it has decoded with its next frame.
SHOWN = """async () => {
  for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
  return Object.fromEntries([...document.querySelectorAll("[data-stream]")].map((view) => {
    const video = view.querySelector("video"), canvas = document.createElement("canvas");
    if (view.classList.contains("is-empty") || video.readyState < 2) return [view.dataset.stream, null];
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return [view.dataset.stream, canvas.toDataURL("image/png").split(",")[1]];
  }));
}"""


def shown_clocks(page: Page) -> dict[str, int | None]:
    """The wall clock (Unix ms) burnt into the picture that each stream shows right now."""
    return clocks_of(page.evaluate(SHOWN))


def clocks_of(shown: dict[str, str | None]) -> dict[str, int | None]:
    """The wall clock in each picture that `SHOWN` returned."""
    clocks: dict[str, int | None] = {}
    for name, png in shown.items():
        clocks[name] = read_clock(read_image(base64.b64decode(png))) if png else None
    return clocks
