"""HEAD on every address that has GET: same status and headers, no body, and nothing done (RFC 9110, 9.3.2).

A HEAD comes from link previews, mail scanners and monitors, never from somebody who looks. So whoever opens
something, or enters a view in the ledger, asks `is_head` first and answers without.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MARK = "proctoring.head"


class HeadAsGet:
    """ASGI middleware: a HEAD is routed as the GET of the same address, and its body is dropped."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            elif message["type"] == "http.response.pathsend":
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await self._app({**scope, "method": "GET", MARK: True}, receive, send_without_body)


def is_head(request: Request) -> bool:
    """Whether nobody will see the body of the answer: then nothing may be opened, entered or used up."""
    return request.method == "HEAD" or MARK in request.scope
