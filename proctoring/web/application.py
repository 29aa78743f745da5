"""An application with everything that each of ours has on the web: limits, headers, refusals."""

from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from proctoring.settings.settings import Settings
from proctoring.web import problems
from proctoring.web.bodies import FORM_LIMITS, BodyRules, BoundedBodies
from proctoring.web.head import HeadAsGet
from proctoring.web.hosts import KnownHosts, known_hosts
from proctoring.web.problem_page import SHARED
from proctoring.web.security import BrowserRules

TITLE = "Proctoring"


class Application(FastAPI):
    """Its security headers are on every answer, a 500 too: the framework gives that one outside of all
    middleware."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        self._https = settings.https
        super().__init__(title=TITLE, docs_url=None, redoc_url=None, redirect_slashes=False, **options)

    def build_middleware_stack(self) -> ASGIApp:
        return BrowserRules(super().build_middleware_stack(), self._https)


def application(
    settings: Settings, rules: BodyRules | None = None, *, catalogue: str = SHARED, **options: Any
) -> FastAPI:
    """An application without routes. `catalogue` as in `web.problem_page`; `options` are FastAPI's."""
    app = Application(settings, form_limits=FORM_LIMITS, **options)
    app.state.catalogue = catalogue
    app.add_middleware(BoundedBodies, rules or BodyRules())
    app.add_middleware(HeadAsGet)
    app.add_middleware(KnownHosts, known_hosts(settings))
    problems.install(app)
    return app
