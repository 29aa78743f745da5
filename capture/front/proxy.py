"""Hands each request to the process that has its session, and the answer back as it comes.

The bearer token says whose request it is; without one (the pages) every process serves as well.
"""

from collections.abc import AsyncIterator, Callable, Sequence

import httpx
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from capture import load, whip
from capture.errors import IngestsFull
from capture.front.placement import Placements
from capture.front.process import CaptureProcess
from proctoring.errors import NotFound, Unavailable

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BEGINS = ("/whip", "/rehearsal/whip")
TIMEOUT = httpx.Timeout(60.0, connect=5.0)  # the end of a stream, and a late piece, wait for their commit
PER_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers of one connection (RFC 9110, section 7.6.1)."""

SessionOf = Callable[[str], str | None]


class Proxy:
    """`session_of` reads the session out of a bearer token that is valid."""

    def __init__(
        self, members: Sequence[CaptureProcess], placements: Placements, session_of: SessionOf
    ) -> None:
        self._members = {one.number: one for one in members}
        self._placements = placements
        self._session_of = session_of

    async def forward(self, request: Request) -> Response:
        """The answer of the process that the request belongs to. One that died before it had anything of the
        request is passed over. Raises NotFound, Problem."""
        path = request.url.path
        if path == load.PATH:
            raise NotFound("There is nothing at this address.")
        session = self._session(request)
        begins = request.method == "POST" and path in BEGINS
        while True:
            try:
                number = self._placements.route(session, begins)
                answer = await self._members[number].transport.handle_async_request(_onward(request))
                return _back(answer)
            except httpx.ConnectError:
                self._placements.gone(number)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody reads it
            except httpx.HTTPError as error:
                away = Unavailable("The capture process does not answer.", "Try again in a few seconds.")
                raise whip.refusal(away) from error
            except (IngestsFull, Unavailable) as error:
                raise whip.refusal(error) from error

    def _session(self, request: Request) -> str | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._session_of(token.strip()) if scheme.lower() == "bearer" else None


def _onward(request: Request) -> httpx.Request:
    scope = request.scope
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    return httpx.Request(
        request.method,
        httpx.URL("http://capture").copy_with(raw_path=target),
        headers=[(name, value) for name, value in request.headers.raw if name not in PER_HOP],
        content=request.stream() if has_body else None,
        extensions={"timeout": TIMEOUT.as_dict()},
    )


def _back(answer: httpx.Response) -> Response:
    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    response = StreamingResponse(body(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in PER_HOP
    ]
    return response
