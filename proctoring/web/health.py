"""`/healthz`: the process is alive. `/readyz`: it can do its work, and erasure is not overdue. `/metrics`."""

from collections.abc import Callable, Mapping

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from proctoring.core import Core
from proctoring.holds.worker_state import brake_in_force
from proctoring.proofs import stops
from proctoring.proofs.findings import open_findings
from proctoring.quarantine.service import in_force
from proctoring.web.metrics import exposition, oldest_overdue_s
from proctoring.web.watcher import demand_watcher

OVERDUE_S_MAX = 900

log = structlog.get_logger()

HealthCheck = Callable[[], object]


def routes(core: Core, checks: Mapping[str, HealthCheck]) -> APIRouter:
    """`checks` raise when their part does not work; the names are what an operator reads."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        wrong = {name: said for name, check in checks.items() if (said := _wrong(name, check)) is not None}
        states = {name: "failed" if name in wrong else "ok" for name in checks}
        overdue_s, brake, quarantine, disagreements, stopped = None, None, None, 0, 0
        if states.get("database", "ok") == "ok":
            with core.db.read() as db:
                overdue_s, brake = oldest_overdue_s(core, db), brake_in_force(db)
                quarantine, disagreements = in_force(db), open_findings(db)
                stopped = stops.count_in_force(db)
        ready = set(states.values()) == {"ok"} and (overdue_s or 0) <= OVERDUE_S_MAX
        ready = ready and brake is None and quarantine is None and not disagreements and not stopped
        body = {
            "ready": ready,
            "checks": states,
            "said": {name: said for name, said in wrong.items() if said},
            "oldest_overdue_seconds": overdue_s,
            "erasure_brake": brake.cause.value if brake else None,
            "erasure_stopped_sessions": stopped,
            "quarantine": quarantine.id if quarantine else None,
            "ledger_disagreements": disagreements,
        }
        return JSONResponse(body, 200 if ready else 503)

    @router.get("/metrics")
    def metrics(request: Request) -> Response:
        demand_watcher(request, core.settings)
        return Response(exposition(core), media_type=CONTENT_TYPE_LATEST)

    return router


def _wrong(name: str, check: HealthCheck) -> str | None:
    """What is the matter, in words where the error has some for an operator; None when it works."""
    try:
        check()
    except Exception as error:
        log.exception("readyz.failed", check=name)
        return str(getattr(error, "detail", ""))
    return None
