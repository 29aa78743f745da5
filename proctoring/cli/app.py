"""The whole service as one application: both edges with pages, health, static files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from capture import pages as candidate_pages
from capture import whip
from capture.ice import IceServer
from capture.ingests import Ingests
from capture.sink import VaultRecorder
from proctoring.cli.compose import Parts
from proctoring.custody.checkpoints import CHECKPOINT_INTERVAL_S
from proctoring.jobs import PeriodicJob
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import end_open_takes
from proctoring.web import health, problems
from proctoring.web.security import BrowserRules
from review_ui.app import routes as staff_routes

ROTATION_INTERVAL_S = 3600
STATIC = {"look": "proctoring.web", "review": "review_ui", "candidate": "capture"}


def create_app(made: Parts) -> FastAPI:
    """Capture, review and retention in one process over `made`."""
    core = made.core
    servers = [
        IceServer(server.url, server.username or "", server.credential or "")
        for server in core.settings.ice_servers
    ]
    ingests = Ingests(
        VaultRecorder(core, made.objects),
        ice_servers=servers,
        addresses=core.settings.media_addresses or None,
    )
    jobs = (
        PeriodicJob("retention", made.eraser().run, core.settings.purge_interval_s),
        PeriodicJob("keys", made.rotation().run, ROTATION_INTERVAL_S),
        PeriodicJob("checkpoints", made.checkpoints().run, CHECKPOINT_INTERVAL_S),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with core.db.begin() as db:
            end_open_takes(db, core, EndCause.SERVER_STOPPED)
        await ingests.start()
        for job in jobs:
            await job.start()
        yield
        await ingests.close()
        for job in jobs:
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
    checks = {"database": core.db.check, "store": made.objects.check}
    app.include_router(health.routes(core, checks))
    app.include_router(whip.routes(ingests))
    app.include_router(candidate_pages.routes(core))
    app.include_router(staff_routes(core, made.opener, made.objects))
    return app
