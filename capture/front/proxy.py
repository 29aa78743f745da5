"""Hands each request to the process that has its session, and the answer back as it comes.

The bearer token says whose request it is; without one (the pages) every process serves as well.
"""

from collections.abc import AsyncIterator, Callable, Sequence

import httpx2
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from capture.bearer import bounded_body, token_of
from capture.errors import IngestsFull
from capture.front import load
from capture.front.placement import Placements
from capture.front.process import CaptureProcess
from capture.publish import whip
from proctoring.errors import NotFound, Unavailable
from proctoring.web.problems import Problem

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BEGINS = ("/whip", "/rehearsal/whip")
TIMEOUT = httpx2.Timeout(60.0, connect=5.0)  # the end of a stream, and a late piece, wait for their commit
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
        """The answer of the process that the request belongs to. Raises NotFound, Problem.

        A dead process is skipped. One that dies with a request in hand leaves it without an answer. Only an
        offer goes to another process, since nothing is left of an ingest whose process died.
        """
        if request.url.path in load.PATHS:
            raise NotFound("There is nothing at this address.")
        try:
            return await self._forward(request)
        except httpx2.HTTPError as error:
            away = Unavailable("The capture process does not answer.", "Try again in a few seconds.")
            raise whip.refusal(away) from error
        except (Problem, IngestsFull, Unavailable) as error:
            raise whip.refusal(error) from error

    async def _forward(self, request: Request) -> Response:
        token = token_of(request)
        session = self._session_of(token) if token else None
        begins = request.method == "POST" and request.url.path in BEGINS
        refused = session is None and (bool(token) or begins)
        body = b"" if refused else None  # nothing is read of what a process is going to refuse
        if begins and not refused:
            body = await bounded_body(request, whip.SDP_BYTES_MAX, "Send less.")
        while True:
            number = self._placements.route(session, begins)
            try:
                answer = await self._members[number].transport.handle_async_request(_onward(request, body))
                return await _whole(answer) if refused else _back(answer)
            except (httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
                self._placements.gone(number)
                if body is None and not isinstance(error, httpx2.ConnectError):
                    raise


def _onward(request: Request, body: bytes | None) -> httpx2.Request:
    """The request anew, with the body that was read, or the one that is still to come."""
    scope = request.scope
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    left_out = PER_HOP if body is None else PER_HOP | {b"content-length"}
    return httpx2.Request(
        request.method,
        httpx2.URL("http://capture").copy_with(raw_path=target),
        headers=[(name, value) for name, value in request.headers.raw if name not in left_out],
        content=body if body is not None else request.stream() if has_body else None,
        extensions={"timeout": TIMEOUT.as_dict()},
    )


def _back(answer: httpx2.Response) -> Response:
    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    return _with_headers(StreamingResponse(body(), answer.status_code), answer)


async def _whole(answer: httpx2.Response) -> Response:
    """The answer at once: one that is streamed would be watched by reading the request's body."""
    return _with_headers(Response(await answer.aread(), answer.status_code), answer)


def _with_headers(response: Response, answer: httpx2.Response) -> Response:
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in PER_HOP
    ]
    return response
