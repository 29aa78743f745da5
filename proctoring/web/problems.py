"""Errors as RFC 9457 problem details for programs and as a page for people; one table maps core to HTTP.

Nothing internal leaks: an unexpected exception becomes a 500 with an id that the log also carries.
"""

from collections.abc import Mapping
from types import MappingProxyType

import prometheus_client
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from proctoring import errors
from proctoring.ids import new_id
from proctoring.web.problem_page import QUARANTINE, problem_page

log = structlog.get_logger()

STATUS: dict[type[errors.CoreError], int] = {
    errors.NotFound: 404,
    errors.Denied: 403,
    errors.NotSignedIn: 401,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.TokenRefused: 401,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
PAGES: dict[type[errors.CoreError], str] = {errors.Quarantined: QUARANTINE}
"""Errors with a page of their own, in the reader's language."""
RETRY_AFTER_S = 300
NO_FACTS: Mapping[str, object] = MappingProxyType({})


class Problem(HTTPException):
    """A refusal in HTTP's terms, for what the core does not know: content types, sizes, methods."""

    headers: dict[str, str]

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        remedy: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        page: str = "problem.html",
        key: str = "",
        facts: Mapping[str, object] = NO_FACTS,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.status = status
        self.title = title
        self.remedy = remedy
        self.page = page
        self.key = key
        self.facts = facts


def of_core(error: errors.CoreError) -> Problem:
    """The problem for a core error."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.TokenRefused) else {}
    if isinstance(error, errors.Quarantined):
        headers = {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, errors.TooMany):
        headers = {"Retry-After": str(error.retry_after_s)}
    page = PAGES.get(type(error), "problem.html")
    return Problem(
        status,
        error.title,
        error.detail,
        error.remedy,
        headers=headers,
        page=page,
        key=error.key,
        facts=error.facts,
    )


REFUSALS = prometheus_client.Counter("http_refusals", "Requests that were refused, by status.", ["status"])


def render(request: Request, problem: Problem) -> Response:
    """The problem as a page when a person asked for one, else as `application/problem+json`."""
    REFUSALS.labels(str(problem.status)).inc()
    if "text/html" in request.headers.get("accept", ""):
        page = problem_page(request, problem)
        page.status_code = problem.status
        page.headers.update(problem.headers)
        return page
    body = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "remedy": problem.remedy,
    }
    return JSONResponse(body, problem.status, problem.headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem."""

    def core(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.CoreError)
        return render(request, of_core(error))

    def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return render(request, error)

    def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        return render(request, Problem(422, "Not understood", detail, "Correct this and send it again."))

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404:
            nothing = "There is nothing at this address."
            return render(request, Problem(404, "Not found", nothing, "Check the address."))
        detail = str(error.detail)
        return render(request, Problem(error.status_code, detail, detail, "", headers=error.headers))

    def dropped(request: Request, _error: Exception) -> Response:
        """The sender has gone, in the middle of a body: nobody reads this answer."""
        route = getattr(request.scope.get("route"), "path", "")
        log.info("request.dropped", method=request.method, route=route)
        return Response(status_code=400)

    def unexpected(request: Request, error: Exception) -> Response:
        incident = new_id()
        log.error("request.failed", id=incident, method=request.method, exc_info=error)
        detail = f"The service made a mistake. It is in the log under {incident}."
        return render(
            request, Problem(500, "Our mistake", detail, "Try again; if it stays, tell the operator this id.")
        )

    app.add_exception_handler(errors.CoreError, core)
    app.add_exception_handler(Problem, plain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, dropped)
    app.add_exception_handler(Exception, unexpected)
