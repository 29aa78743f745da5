"""A disk that fills up: while candidates are recorded, and before the service starts."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from capture.publish import whip
from capture.spool.spool import DISK_FREE_BYTES_MIN
from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.compose.app import create_app
from proctoring.compose.parts import Parts, parts
from proctoring.compose.review_edge import review_edge
from tests.attacks.frame import Attack, Ground, Outcome, Shape
from tests.attacks.streams import Invited, beside_streams
from tests.support.asgi import AsgiClient
from tests.support.service import Service, clean_environment
from tests.support.world import ADMIN

TITLE = "The disk"
DISK_BYTES = 1 << 30
LEFT_BYTES = DISK_FREE_BYTES_MIN - (56 << 20)
FULL_S = 30.0
SAID_S_MAX = 5.0

Says = Callable[[], bool]


def _fill(service: Service, invited: Invited) -> tuple[int, int]:
    """Below the reserve for FULL_S. Each place that tells people has to say so within SAID_S_MAX, and as soon
    that it is over. How many were asked, and how many did not."""
    made = parts(service.data)
    try:
        places = _places(service, made, invited)
        time.sleep(6)
        with _full(service.data):
            begun_s = time.monotonic()
            silent = _silent(places, True)
            time.sleep(max(0.0, begun_s + FULL_S - time.monotonic()))
        silent += _silent(places, False)
    finally:
        made.core.db.close()
    print("".join(f"        did not say it: {name}\n" for name in silent), end="")
    return 2 * len(places), len(silent)


def _silent(places: dict[str, Says], full: bool) -> list[str]:
    """Places that, asked SAID_S_MAX from now, do not tell that this is so; all are asked at once."""
    begun_s = time.monotonic()

    def tells(says: Says) -> bool:
        while True:
            asked_s = time.monotonic()
            if says() is full:
                return True
            if asked_s - begun_s > SAID_S_MAX:
                return False
            time.sleep(0.2)

    with ThreadPoolExecutor(len(places)) as pool:
        told = pool.map(tells, places.values())
        return [
            f"{name}, {'full' if full else 'over'}"
            for name, well in zip(places, told, strict=True)
            if not well
        ]


def _places(service: Service, made: Parts, invited: Invited) -> dict[str, Says]:
    """Whether each says now that the disk is full, in its words."""
    with made.core.db.begin() as db:
        proctor = access.add_user(db, made.core, ADMIN, f"Proctor {invited['session_id']}", Role.PROCTOR)
        _, login = access.begin_login(db, made.core, access.new_link(db, made.core, ADMIN, proctor))
    # The queue's process is another one, that has no disk of capture's.
    staff = AsgiClient(create_app(made.core, review_edge(made.review)))

    home = service.url + urlsplit(invited["candidate_url"]).path

    def ready() -> bool:
        answer = httpx2.get(f"{service.url}/readyz", timeout=10)
        return answer.status_code == 503 and "free space" in answer.text

    def metrics() -> bool:
        text = httpx2.get(f"{service.url}/metrics", timeout=10).text
        return "capture_keeps_nothing 0.0" not in text

    def candidate() -> bool:
        return not httpx2.get(f"{home}/status.json", timeout=10).json()["kept"]

    def doctor() -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "proctoring", "doctor", "--data", str(service.data), "--json"],
            capture_output=True,
            text=True,
            env=clean_environment() | service.environment,
        )
        checks = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
        return done.returncode == 1 and not checks["spool"]["passed"] and not checks["recording"]["passed"]

    def queue() -> bool:
        page = staff.get("/queue", headers={"accept": "text/html", "cookie": f"login={login}"}).text
        return "Nothing more is stored since" in page

    return {
        "/readyz": ready,
        "/metrics": metrics,
        "the candidate's page": candidate,
        "proctoring doctor": doctor,
        "the queue": queue,
    }


@contextmanager
def _full(data: Path) -> Iterator[None]:
    """A stranger's file leaves LEFT_BYTES of the disk."""
    file = data.parent / "filler"
    size = shutil.disk_usage(data).free - LEFT_BYTES
    with file.open("wb") as written:
        os.posix_fallocate(written.fileno(), 0, size)
    try:
        yield
    finally:
        file.unlink()


def _full_at_the_start(shape: Shape, ground: Ground) -> Outcome:
    """It starts all the same, says what is the matter, lets nobody in, and does so as soon as there is room,
    without another start."""
    service = ground.service(shape)
    service.stop()
    with _full(service.data):
        service.start()
        invited = service.invite("--streams", "webcam")
        ready = httpx2.get(f"{service.url}/readyz", timeout=10)
        refused = _offer(service, invited["tokens"]["webcam"])
    wrong = [
        ready.status_code != 503,
        "free space" not in ready.text,
        refused.status_code != 503,
        "free space" not in refused.text,
        "spool is full" in ready.text + refused.text,
        _offer(service, invited["tokens"]["webcam"]).status_code != 400,
    ]
    return Outcome(len(wrong), sum(wrong))


def _offer(service: Service, token: str) -> httpx2.Response:
    """An offer that nobody understands: 400 where there is room."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": whip.SDP}
    return httpx2.post(f"{service.url}/whip", content="none", headers=headers, timeout=10)


def _small(attack: Attack) -> Attack:
    def run(ground: Ground) -> Outcome:
        ground.on_a_disk_of(DISK_BYTES)
        return attack.run(ground)

    return Attack(attack.name, run)


ATTACKS = [
    _small(one)
    for one in (
        *beside_streams("free space below the reserve for 30 s", _fill),
        *(
            Attack(
                f"a disk that is full when the service starts ({shape})", partial(_full_at_the_start, shape)
            )
            for shape in Shape
        ),
    )
]
