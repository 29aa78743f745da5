"""`/healthz`: the process is alive. `/readyz`: it can do its work, and erasure is not behind."""

from collections.abc import Callable, Mapping
from datetime import datetime

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import func, select

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.recordings.model import UnitState
from proctoring.recordings.rows import UnitRow

OVERDUE_S_MAX = 900

log = structlog.get_logger()

Check = Callable[[], None]


def routes(core: Core, checks: Mapping[str, Check]) -> APIRouter:
    """`checks` raise when their part does not work; the names are what an operator reads."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    def readyz() -> JSONResponse:
        states = {name: _state(name, check) for name, check in checks.items()}
        overdue_s = oldest_overdue_s(core) if states.get("database", "ok") == "ok" else None
        ready = set(states.values()) == {"ok"} and (overdue_s or 0) <= OVERDUE_S_MAX
        body = {"ready": ready, "checks": states, "oldest_overdue_seconds": overdue_s}
        return JSONResponse(body, 200 if ready else 503)

    return router


def oldest_overdue_s(core: Core) -> int:
    """For how long the unheld evidence that is longest due has waited for its erasure; 0 when none waits."""
    waiting = (UnitState.RETAINED.value, UnitState.ERASING.value)
    query = select(func.min(UnitRow.due_at)).where(UnitRow.state.in_(waiting), UnitRow.active_holds == 0)
    with core.db.read() as db:
        oldest: datetime | None = db.scalar(query)
    return max(0, ms_between(oldest, core.clock()) // 1000) if oldest else 0


def _state(name: str, check: Check) -> str:
    try:
        check()
    except Exception:
        log.exception("readyz.failed", check=name)
        return "failed"
    return "ok"
