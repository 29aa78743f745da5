"""Endpoints whose only authority is a bearer token: open to pages of any origin, bounded in size."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from fastapi import Request, Response

from proctoring.errors import CoreError
from proctoring.web.problems import Problem, of_core

RETRY_AFTER_S = 10

BEARER = {"WWW-Authenticate": "Bearer"}
# The application's default would keep pages of other origins from reading the answer.
ANYBODY = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}

Handler = Callable[[Request, str], Awaitable[Response]]


def refused(error: Problem | CoreError) -> Problem:
    """The problem for the sender, with the time to try again where store or database are unreachable."""
    if isinstance(error, Problem):
        return error
    problem = of_core(error)
    if problem.status == 503:
        problem.headers["Retry-After"] = str(RETRY_AFTER_S)
    return problem


def for_anybody(handler: Handler) -> Handler:
    """Adds what browsers of other origins need, to answers and to refusals alike."""

    @wraps(handler)
    async def answered(request: Request, session_id: str) -> Response:
        try:
            response = await handler(request, session_id)
        except (Problem, CoreError) as error:
            problem = refused(error)
            problem.headers |= ANYBODY | {"Access-Control-Expose-Headers": "Retry-After"}
            raise problem from error
        response.headers.update(ANYBODY)
        return response

    return answered


def token_of(request: Request) -> str:
    """The token of the Authorization header (RFC 6750), or "" without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bearer_token(request: Request, wanted: str) -> str:
    """The request's token. Raises Problem 401, which says what is `wanted`."""
    token = token_of(request)
    if not token:
        raise Problem(
            401,
            "Token missing",
            "This request carries no token.",
            f"Send {wanted} as Authorization: Bearer <token>.",
            headers=BEARER,
        )
    return token


def demand_type(request: Request, expected: str, accept: Mapping[str, str] | None = None) -> None:
    """Raises Problem 415, with the headers of `accept`, for a body of another content type."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != expected:
        detail, remedy = f"The body has to be {expected}.", f"Set Content-Type: {expected}."
        raise Problem(415, "Wrong content type", detail, remedy, headers=accept)


async def bounded_body(request: Request, bytes_max: int, remedy: str) -> bytes:
    """The body, read no further than its bound. Raises Problem 413, with what to do."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > bytes_max:
            raise Problem(413, "Too large", f"The body is larger than {bytes_max} bytes.", remedy)
    return bytes(received)
