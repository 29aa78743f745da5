"""`make bench-media`: segments that one review process serves, beside nginx with the same bytes in clear.

The server has one core, the readers the other. CPU is that of the server's processes, of PostgreSQL too where
it is the database.
"""

import argparse
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import structlog

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.compose.parts import Parts, assemble
from proctoring.compose.prepare import prepare
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.ids import new_id
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.sessions import service as sessions
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
from tests.bench.media.readers import Source, hurried, paced
from tests.bench.meters import cpu_s, on_core
from tests.support import postgres
from tests.support.service import Service, free_port, wait_until
from tests.support.settings import plain_settings
from tests.support.world import ADMIN, REGULATION

SEGMENT_BYTES = 345_000
SEGMENTS = 24  # of each stream
SESSIONS = 4
SEGMENT_S = 4.0
HURRIED = 8  # connections that ask as soon as they can
SLOW, FAST, FASTER = 50, 10, 8  # reviewers at 1x, and those at 8x
STARTED_S_MAX = 30
REVIEW = [sys.executable, "-m", "proctoring", "review"]
MEDIA = 'video/mp4; codecs="avc1.42e01f,opus"'
NGINX = """worker_processes 1; pid {folder}/nginx.pid; error_log stderr; daemon off; user root;
events {{}} http {{ access_log off; sendfile on; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a server: a segment's CPU, segments a second when hurried, and how it serves reviewers."""

    cpu_ms: float
    per_s: float
    p95_ms: float
    core_share: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2400)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(f"{'server':<24} {'ms CPU':>7} {'of nginx':>9} {'a second':>9} {'p95 ms':>7} {'core':>6}")
    with tempfile.TemporaryDirectory() as folder, nginx(Path(folder)) as (source, pid):
        peer = measured(source, [pid], given.files, given.seconds)
    tell("nginx, in clear", peer, peer)
    with tempfile.TemporaryDirectory() as folder, reviewing(Path(folder) / "data", "") as (source, pid):
        tell("review, SQLite", measured(source, [pid], given.files, given.seconds), peer)
    server = postgres.server()
    url = server.fresh()
    with tempfile.TemporaryDirectory() as folder, reviewing(Path(folder) / "data", url) as (source, pid):
        tell("review, PostgreSQL", measured(source, [pid, server.pid], given.files, given.seconds), peer)
    postgres.stop()


def tell(name: str, cost: Cost, peer: Cost) -> None:
    ratio = cost.cpu_ms / peer.cpu_ms
    print(
        f"{name:<24} {cost.cpu_ms:>7.2f} {ratio:>9.1f} {cost.per_s:>9.0f} {cost.p95_ms:>7.0f} "
        f"{cost.core_share:>6.0%}",
        flush=True,
    )


def measured(source: Source, pids: Sequence[int], files: int, seconds: float) -> Cost:
    """Hurried first, then in the reviewers' pace."""

    def spent_s() -> float:
        return sum(map(cpu_s, pids))

    with on_core(1):
        hurried(source, HURRIED, files // 10)
        before = spent_s()
        took_s = hurried(source, HURRIED, files)
        cpu_ms = 1000 * (spent_s() - before) / files
        before = spent_s()
        slow, fast = [SEGMENT_S] * SLOW * len(Stream), [SEGMENT_S / FASTER] * FAST * len(Stream)
        took_ms = paced(source, slow + fast, seconds)
        share = (spent_s() - before) / seconds
    return Cost(cpu_ms, files / took_s, statistics.quantiles(took_ms, n=20)[-1], share)


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[Source, int]]:
    """nginx with as many files of that size."""
    streams = [
        [f"/{stream}-{seq}.mp4" for seq in range(SEGMENTS)] for stream in range(SESSIONS * len(Stream))
    ]
    for name in chain(*streams):
        (folder / name[1:]).write_bytes(os.urandom(SEGMENT_BYTES))
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        sys.exit("nginx is not here; `make bench-media` installs it.")
    with on_core(0):
        process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"])
    wait_until((folder / "nginx.pid").exists, STARTED_S_MAX, "nginx does not start")
    try:
        yield Source(port, [""], streams), process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def reviewing(data: Path, url: str) -> Iterator[tuple[Source, int]]:
    """A review process over recorded sessions, and a login for each reviewer."""
    settings = plain_settings(data=data, database_url=url)
    prepare(settings)
    made = assemble(settings)
    streams = [stream for _ in range(SESSIONS) for stream in recorded(made)]
    cookies = [signed_in(made) for _ in range(SLOW + FAST)]
    made.core.db.close()
    given = {"PROCTORING_DATABASE_URL": url} if url else {}
    service = Service(data, given, command=REVIEW)
    with on_core(0):
        service.start()
    try:
        yield Source(service.port, cookies, streams), service.pid
    finally:
        service.stop()


def recorded(made: Parts) -> list[list[str]]:
    """The addresses of each stream of a new session."""
    core = made.core
    with core.db.begin() as db:
        exam = exams.create(
            db, core, ADMIN, "B", regulation=REGULATION, profile=CaptureProfile(tuple(Stream))
        )
        session = sessions.create(db, core, ADMIN, exam.id, "C")
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="en")
    for stream in Stream:
        start = int(core.clock().timestamp() * 1000)
        with core.db.begin() as db:
            begun = recordings.begin_take(db, core, session.id, stream, MEDIA, start_unix_ms=start)
        for seq in range(SEGMENTS):
            sealed = begun.sealer.seal(seq, MEDIA, os.urandom(SEGMENT_BYTES))
            made.capture.objects.put(segment_key(begun.take.unit_id, begun.take.id, seq), sealed)
            at = start + int(1000 * SEGMENT_S) * seq
            segment = SealedSegment(seq, digest(sealed), len(sealed), at, int(1000 * SEGMENT_S))
            with core.db.begin() as db:
                recordings.register(db, core, begun.take.id, segment)
    return [[f"/media/{session.id}/{stream.value}/{seq}" for seq in range(SEGMENTS)] for stream in Stream]


def signed_in(made: Parts) -> str:
    """The cookie of a new proctor."""
    core = made.core
    with core.db.begin() as db:
        person = access.add_user(db, core, ADMIN, new_id(), Role.PROCTOR)
        _, secret = access.begin_login(db, core, access.new_link(db, core, ADMIN, person))
    return f"login={secret}"


if __name__ == "__main__":
    main()
