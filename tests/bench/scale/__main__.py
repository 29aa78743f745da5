"""`make bench-scale`: CPU of each page with SESSIONS sessions and a tenth of them on PostgreSQL; on SQLite,
with a fifth of both.

CPU in milliseconds a request: of the pages' process, the 95th percentile of REQUESTS, and on PostgreSQL the
database's mean beside. `growth` is many over few, of the same run: a slow machine changes it little.
"""

import argparse
import gc
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from fastapi import FastAPI

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import routes as candidate_routes
from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.compose.app import CATALOGUE
from proctoring.compose.capture_edge import CAPTURE_BODIES, page_tokens
from proctoring.ids import new_id
from proctoring.web.application import application
from proctoring.web.bodies import BodyRules
from review_ui.app import draw_problems
from tests.bench.meters import cpu_s
from tests.bench.scale.fill import fill
from tests.bench.scale.plans import slowest
from tests.support import postgres
from tests.support.asgi import AsgiClient
from tests.support.decided import Decided, decide_everything
from tests.support.staff_site import staff_routes
from tests.support.statements import sent
from tests.support.world import ADMIN, World

SESSIONS = 5_000
LITE_SHARE = 5
REQUESTS = 40
REQUESTS_BEFORE = 3  # the first ones load templates, and may enter a view
PAGES = {
    "queue": (Role.PROCTOR, "/queue"),
    "session": (Role.PROCTOR, "/sessions/{agreed}"),
    "incidents": (Role.PROCTOR, "/incidents"),
    "appeals": (Role.COMMITTEE, "/appeals"),
    "retention": (Role.PRIVACY_OFFICER, "/retention"),
    "ledger": (Role.AUDITOR, "/ledger"),
    "candidate": (None, "/c/{candidate}/recording"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request for a page."""

    ms: float
    statements: int
    kilobytes: float
    plan: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    many = parser.parse_args().sessions
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", World(Path(folder)), many // LITE_SHARE, lambda: 0.0)
    server = postgres.server()
    with tempfile.TemporaryDirectory() as folder:
        url = server.fresh()
        measure("PostgreSQL", World(Path(folder), database_url=url), many, lambda: cpu_s(server.pid))
    postgres.stop()


def measure(name: str, world: World, many: int, database_s: Callable[[], float]) -> None:
    """Fills the world and prints its table."""
    decided = decide_everything(world)
    undecided = [world.ended().id for _ in range(4)]
    templates = [decided.agreed.id, decided.disputed.id, decided.annulled.id, *undecided]
    app = site(world)
    costs = []
    for done, sessions in ((0, many // 10), (many // 10, many)):
        with world.core.db.engine.connect() as connection:
            fill(connection, templates, sessions, done)
        costs.append({page: cost(world, app, page, decided, database_s) for page in PAGES})
    few, more = costs
    print(f"\n{name}: ms of CPU a page, {many // 10:,} and {many:,} sessions")
    print(f"{'page':<10} {'few':>8} {'many':>8} {'growth':>7} {'statements':>11} {'KB':>7}")
    for page in PAGES:
        growth = more[page].ms / few[page].ms
        figures = f"{few[page].ms:>8.1f} {more[page].ms:>8.1f} {growth:>7.2f} {more[page].statements:>11}"
        print(f"{page:<10} {figures} {more[page].kilobytes:>7.0f}", flush=True)
    print("\nThe slowest statement of each, with its plan:")
    for page in PAGES:
        print(f"{page}: {more[page].plan}", flush=True)


def site(world: World) -> FastAPI:
    """Staff's and candidates' pages in one application."""
    core = world.core
    rules = BodyRules(CAPTURE_BODIES, page_tokens(core.links))
    app = application(core.settings, rules, catalogue=CATALOGUE)
    parts = (core, world.opener, world.objects)
    app.state.staff_problem = draw_problems(*parts)
    app.include_router(staff_routes(*parts))
    app.include_router(candidate_routes(core, MemoryIdentityRecorder()))
    return app


def cost(world: World, app: FastAPI, page: str, decided: Decided, database_s: Callable[[], float]) -> Cost:
    """What REQUESTS of the page took, after some that are not counted."""
    role, address = PAGES[page]
    invitation = world.core.links.invitation(decided.agreed)
    address = address.format(agreed=decided.agreed.id, candidate=invitation)
    headers = {"accept": "text/html"} | (sign_in(world, role) if role else {})
    client = AsgiClient(app)
    spent_s = []
    for _ in range(REQUESTS_BEFORE):
        client.get(address, headers=headers)
    gc.collect()  # of what filled the tables
    before_s = database_s()
    for _ in range(REQUESTS):
        begun_s = time.process_time()
        answer = client.get(address, headers=headers)
        spent_s.append(time.process_time() - begun_s)
        assert answer.status_code == 200, answer.text
    mean_s = (database_s() - before_s) / REQUESTS
    with sent(world.core.db) as statements:
        client.get(address, headers=headers)
    reading = [one for one in statements if one[0] != "BEGIN"]
    ms = 1000 * (statistics.quantiles(spent_s, n=20)[-1] + mean_s)
    plan = slowest(world.core.db, reading)
    return Cost(ms, len(reading), len(answer.content) / 1024, plan)


def sign_in(world: World, role: Role) -> dict[str, str]:
    """The cookie of somebody new."""
    core = world.core
    with core.db.begin() as db:
        person = access.add_user(db, core, ADMIN, new_id(), role)
        _, secret = access.begin_login(db, core, access.new_link(db, core, ADMIN, person))
    return {"cookie": f"login={secret}"}


if __name__ == "__main__":
    main()
