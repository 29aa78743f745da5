"""The whole service as one application: both edges with pages, health, static files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from capture import late, whip
from capture import pages as candidate_pages
from capture.ice import IceServer
from capture.ingests import Ingests
from capture.late_intake import LateIntake
from capture.sink import VaultRecorder
from capture.spool import Spool
from proctoring.cli.compose import Parts
from proctoring.cli.jobs import jobs
from proctoring.jobs import PeriodicJob
from proctoring.web import health, problems
from proctoring.web.security import BrowserRules
from review_ui.app import routes as staff_routes

STATIC = {"look": "proctoring.web", "review": "review_ui", "candidate": "capture"}


def create_app(made: Parts) -> FastAPI:
    """Capture, review and retention in one process over `made`."""
    core = made.core
    servers = [
        IceServer(server.url, server.username or "", server.credential or "")
        for server in core.settings.ice_servers
    ]
    recorder = VaultRecorder(core, made.stores.ingest, Spool(core.settings.data / "spool"))
    ingests = Ingests(
        recorder,
        ice_servers=servers,
        addresses=core.settings.media_addresses or None,
    )
    intake = LateIntake(recorder)
    periodic = [PeriodicJob(job) for job in jobs(made)]

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await recorder.start()
        await ingests.start()
        await intake.start()
        for job in periodic:
            await job.start()
        yield
        await ingests.close()
        await intake.close()
        await recorder.close()
        for job in periodic:
            await job.close()

    app = FastAPI(
        title="Proctoring",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(BrowserRules)
    problems.install(app)
    for name, package in STATIC.items():
        folder = Path(str(files(package).joinpath("static")))
        app.mount(f"/static/{name}", StaticFiles(directory=folder), name=f"static-{name}")
    checks = {"database": core.db.check, "store": made.stores.check, "spool": recorder.check}
    app.include_router(health.routes(core, checks))
    app.include_router(whip.routes(ingests))
    app.include_router(late.routes(intake))
    app.include_router(candidate_pages.routes(core))
    app.include_router(staff_routes(core, made.opener, made.stores.reader))
    return app
