"""Applications out of edges: `capture` alone, `review` alone, or both and the jobs, as `serve`."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import APIRouter, Depends, FastAPI

from capture import pages as candidate_pages
from capture.figures import CaptureFigures
from capture.front import load
from capture.late import endpoint as late
from capture.late.gap_filler import GapFiller
from capture.logs import events
from capture.logs.keeper import LogKeeper
from capture.pages import identity
from capture.publish import rehearsal, whip
from capture.publish.ingests import Ingests
from capture.signals.recorder import WatchingRecorder
from capture.signals.watch import Watch
from capture.spool.leftover_spool import LeftoverSpool
from capture.spool.report import SpoolReport
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.compose.checks import opening, sealing
from proctoring.compose.jobs import jobs
from proctoring.compose.parts import CaptureParts, Parts, ReviewParts, WorkerParts
from proctoring.compose.relays import ice_servers, relays_of
from proctoring.core import Core
from proctoring.data_folder import DataFolder
from proctoring.jobs import PeriodicJob
from proctoring.links import Links
from proctoring.web import health
from proctoring.web.application import application
from proctoring.web.assets import ROOT, assets
from proctoring.web.bodies import Body, BodyRules
from proctoring.web.problem_page import Draw
from proctoring.web.quarantine import whole_database
from review_ui.app import draw_problems, media_routes
from review_ui.app import page_routes as staff_pages

CATALOGUE = "capture"
"""Of which package the candidates' words are, and those of the shared pages."""
CAPTURE_BODIES = (
    *whip.BODIES,
    *rehearsal.BODIES,
    *late.BODIES,
    *events.BODIES,
    *identity.BODIES,
)


def page_tokens(links: Links) -> Mapping[str, Callable[[str], object]]:
    """What reads the token in the address of a candidate's page."""
    return {"c": links.read_invitation, "p": links.read_phone}


class Running(Protocol):
    """What goes on while the application serves."""

    async def start(self) -> None: ...

    async def close(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Edge:
    """What one role adds to an application. `pages` are routers that a gate lets serve while the database is
    whole alone; `routers` have no gate, and ask themselves where they must. `running` starts in its order and
    stops in the reverse. `bodies` and `tokens` as in `BodyRules`, `staff_problem` as in `web.problem_page`.
    """

    checks: Mapping[str, health.HealthCheck]
    routers: Sequence[APIRouter] = ()
    pages: Sequence[APIRouter] = ()
    static: Mapping[str, str] = field(default_factory=dict)
    running: Sequence[Running] = ()
    bodies: Sequence[Body] = ()
    tokens: Mapping[str, Callable[[str], object]] = field(default_factory=dict)
    staff_problem: Draw | None = None


def capture_edge(made: CaptureParts, number: int = 0, of: int = 1) -> Edge:
    """The candidate's pages and the ingest, of process `number` of a front's `of`."""
    core = made.core
    settings = core.settings
    own, *left = DataFolder(settings.data).spools(number, of)
    sink = Sink(core, made.objects, Spool(own))
    emptied = [LeftoverSpool(core, made.objects, folder) for folder in left]
    watch = Watch()
    ingests = Ingests(
        WatchingRecorder(core, made.objects, sink.recorder, watch),
        ice_servers=ice_servers(settings),
        addresses=settings.media_addresses or None,
        media_port=settings.media_port and settings.media_port + number,
    )
    report = SpoolReport(core, sink.spool, ingests)
    filler = GapFiller(sink.late)
    keeper = LogKeeper(core, sink.recorder)
    relays = relays_of(core)
    forgetful = rehearsal.ForgetfulRecorder(core)
    rehearsals = Ingests(
        forgetful,
        ice_servers=ice_servers(settings),
        rounds=ingests.rounds,
        ingests_max=rehearsal.REHEARSALS_MAX,
    )
    figures = CaptureFigures({"recording": ingests, "rehearsal": rehearsals}, sink.spool)
    return Edge(
        checks={"store": made.objects.check, "spool": sink.check, "keys": lambda: sealing(core)},
        routers=[
            whip.routes(ingests, relays),
            late.routes(filler),
            rehearsal.routes(forgetful, rehearsals, core, relays),
            events.routes(keeper),
            *([load.routes([ingests, rehearsals], sink.spool)] if of > 1 else []),
        ],
        pages=[candidate_pages.routes(core, sink.identity)],
        static={"candidate": "capture"},
        running=[*emptied, sink, report, figures, filler, watch, keeper, ingests, rehearsals],
        bodies=CAPTURE_BODIES,
        tokens=page_tokens(core.links),
    )


def review_edge(made: ReviewParts) -> Edge:
    """The staff's pages."""
    given = made.core, made.opener, made.objects
    return Edge(
        checks={"store": made.objects.check, "keys": lambda: opening(made.core, made.opener)},
        routers=[media_routes(*given)],
        pages=[staff_pages(*given)],
        static={"review": "review_ui"},
        staff_problem=draw_problems(*given),
    )


def worker_edge(made: WorkerParts) -> Edge:
    """The jobs, in the serving process itself."""
    return Edge(
        checks={"store": made.objects.check},
        running=[PeriodicJob(job) for job in jobs(made)],
    )


def whole_app(made: Parts) -> FastAPI:
    """Capture, review and retention in one process."""
    return create_app(
        made.core, capture_edge(made.capture), review_edge(made.review), worker_edge(made.worker)
    )


def create_app(core: Core, *edges: Edge) -> FastAPI:
    """One application with the edges' addresses; it is ready when what each of them needs works."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        for edge in edges:
            for one in edge.running:
                await one.start()
        yield
        for edge in edges:
            for one in reversed(edge.running):
                await one.close()

    rules = BodyRules(
        [body for edge in edges for body in edge.bodies],
        {first: read for edge in edges for first, read in edge.tokens.items()},
    )
    app = application(
        core.settings,
        rules,
        catalogue=CATALOGUE,
        openapi_url="/api/v1/openapi.json",
        lifespan=lifespan,
    )
    app.state.staff_problem = next((edge.staff_problem for edge in edges if edge.staff_problem), None)
    static = {"look": "proctoring.web"} | {name: at for edge in edges for name, at in edge.static.items()}
    for name, package in static.items():
        app.mount(f"{ROOT}/{name}", assets(name, package), name=f"static-{name}")
    app.include_router(health.routes(core, _checks(core, edges)))
    for edge in edges:
        for router in edge.routers:
            app.include_router(router)
    for edge in edges:
        for router in edge.pages:
            app.include_router(router, dependencies=[Depends(whole_database(core))])
    return app


def _checks(core: Core, edges: Iterable[Edge]) -> dict[str, health.HealthCheck]:
    """Each name once; its check is passed when those of all edges are."""
    of_all: dict[str, list[health.HealthCheck]] = defaultdict(list)
    of_all["database"].append(core.db.check)
    for edge in edges:
        for name, check in edge.checks.items():
            of_all[name].append(check)

    def together(checks: Sequence[health.HealthCheck]) -> health.HealthCheck:
        def check_all() -> None:
            for check in checks:
                check()

        return check_all

    return {name: together(checks) for name, checks in of_all.items()}
