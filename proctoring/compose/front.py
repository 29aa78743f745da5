"""The front's application: health and figures of all capture processes; everything else is handed on."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.middleware import Middleware

from capture.front.placement import Placements
from capture.front.process import CaptureProcess, CaptureProcesses
from capture.front.proxy import METHODS, Proxy
from capture.pages.board import StatusBoard
from capture.pages.polls import StatusPolls
from proctoring.compose.app import CATALOGUE
from proctoring.compose.capture_edge import CAPTURE_BODIES, page_tokens
from proctoring.compose.front_figures import figures_of, labelled
from proctoring.core import Core
from proctoring.errors import TokenRefused
from proctoring.links import Links
from proctoring.recordings.late import LATE_WAIT
from proctoring.web.application import application
from proctoring.web.bodies import BodyRules
from proctoring.web.metrics import database_exposition
from proctoring.web.watcher import demand_watcher

FRONT = "front"
READ = ["GET", "HEAD"]  # a HEAD of anything else goes to a process as it came


def session_of(links: Links, token: str) -> str | None:
    """The session of a bearer token; None for one that is not ours, which a process will refuse. One that has
    expired still fills gaps."""
    for read in (
        links.read_events,
        links.read_answers,
        lambda given: links.read_rehearsal(given)[0],
        lambda given: links.read_ingest(given, LATE_WAIT)[0],
    ):
        with suppress(TokenRefused):
            return read(token)
    return None


def front_app(core: Core, processes: CaptureProcesses, placements: Placements, proxy: Proxy) -> FastAPI:
    """Serves once the processes do. Alive while one of them is, ready when all are."""
    registry = CollectorRegistry()
    registry.register(ProcessMetrics(processes, placements))
    board = StatusBoard(core, processes)
    tokens = page_tokens(core.links)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await processes.start()
        await board.start()
        yield
        await board.close()
        await processes.close()

    app = application(
        core.settings,
        BodyRules(CAPTURE_BODIES, tokens),
        catalogue=CATALOGUE,
        openapi_url=None,
        lifespan=lifespan,
        middleware=[Middleware(StatusPolls, board, tokens)],
    )

    @app.api_route("/healthz", methods=READ)
    async def healthz() -> JSONResponse:
        alive = bool(placements.there())
        return JSONResponse({"status": "alive" if alive else "starting"}, 200 if alive else 503)

    @app.api_route("/readyz", methods=READ)
    async def readyz() -> JSONResponse:
        told = await asyncio.gather(*map(_ready, processes.members))
        ready = all(one["ready"] for one in told)
        body = {"ready": ready, "processes": {str(number): one for number, one in enumerate(told)}}
        return JSONResponse(body, 200 if ready else 503)

    @app.api_route("/metrics", methods=READ)
    async def metrics(request: Request) -> Response:
        demand_watcher(request, core.settings)
        told = await asyncio.gather(*map(figures_of, processes.members))
        by_name = {str(one.number): text for one, text in zip(processes.members, told, strict=True) if text}
        of_each = labelled(by_name | {FRONT: generate_latest().decode()})
        own = await asyncio.to_thread(database_exposition, core)
        return Response(own + generate_latest(registry) + of_each, media_type=CONTENT_TYPE_LATEST)

    app.add_api_route("/{path:path}", proxy.forward, methods=[*METHODS], response_model=None)
    return app


async def _ready(one: CaptureProcess) -> dict[str, Any]:
    try:
        told: dict[str, Any] = (await one.get("/readyz")).json()
    except (httpx2.HTTPError, ValueError):
        return {"ready": False, "checks": {"process": "failed"}}
    return told


class ProcessMetrics(Collector):
    """What the front knows of each process, by its number."""

    def __init__(self, processes: CaptureProcesses, placements: Placements) -> None:
        self._processes = processes
        self._placements = placements

    def describe(self) -> list[Metric]:
        """Nothing: registering need not ask."""
        return []

    def collect(self) -> Iterator[Metric]:
        label = ["process"]
        up = GaugeMetricFamily("capture_process_up", "1 while the process answers.", labels=label)
        streams = GaugeMetricFamily("capture_streams", "Streams it has, or is about to have.", labels=label)
        share = GaugeMetricFamily("capture_cpu_share", "Of a core, over the last seconds.", labels=label)
        spool = GaugeMetricFamily("capture_spool_bytes", "What waits to be stored.", labels=label)
        restarts = CounterMetricFamily(
            "capture_process_restarts", "How often it was restarted.", labels=label
        )
        loads = self._placements.loads()
        for one in self._processes.members:
            number, load = [str(one.number)], loads.get(one.number)
            up.add_metric(number, int(load is not None))
            restarts.add_metric(number, one.restarts)
            if load is not None and one.last is not None:
                streams.add_metric(number, load.streams)
                share.add_metric(number, load.cpu_share)
                spool.add_metric(number, one.last.spool_bytes)
        yield from (up, streams, share, spool, restarts)
        yield CounterMetricFamily(
            "capture_sessions_refused", "Publishes that found no room.", self._placements.refused
        )
