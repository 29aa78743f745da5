"""Application out of edges, whichever they are. Each edge has a module of its own, so that no process imports
the libraries of another role.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from proctoring.core import Core
from proctoring.web import health
from proctoring.web.application import application
from proctoring.web.assets import ROOT, assets
from proctoring.web.bodies import Body, BodyRules
from proctoring.web.problem_page import Draw
from proctoring.web.quarantine import whole_database

CATALOGUE = "capture"
"""Of which package the candidates' words are, and those of the shared pages."""


class Running(Protocol):
    """What goes on while the application serves."""

    async def start(self) -> None: ...

    async def close(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Edge:
    """What one role adds to an application. `pages` are routers that a gate lets serve while the database is
    whole alone; `routers` have no gate, and ask themselves where they must. `running` starts in its order and
    stops in the reverse. `bodies` and `tokens` as in `BodyRules`, `staff_problem` as in `web.problem_page`.
    `inner`: middleware inside of every rule, around the routes."""

    checks: Mapping[str, health.HealthCheck]
    routers: Sequence[APIRouter] = ()
    pages: Sequence[APIRouter] = ()
    static: Mapping[str, str] = field(default_factory=dict)
    running: Sequence[Running] = ()
    bodies: Sequence[Body] = ()
    tokens: Mapping[str, Callable[[str], object]] = field(default_factory=dict)
    staff_problem: Draw | None = None
    inner: Sequence[Middleware] = ()


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
        middleware=[one for edge in edges for one in edge.inner],
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
