"""Status polls, answered before an application looks for their route.

A page asks every two seconds for hours, so that most requests of a candidate are polls. Here one costs a
signature and a look into the `StatusBoard`. All that is special goes on to the route: another method, a token
that is refused, a session that the board does not know.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from capture.pages.board import StatusBoard
from proctoring.errors import CoreError

STATUS = "status.json"

TokenReader = Callable[[str], str]
"""The session of a token in an address. Raises TokenRefused."""


class StatusPolls:
    """ASGI middleware, inside of every rule. `readers`: of the token, by the first part of the address."""

    def __init__(self, app: ASGIApp, board: StatusBoard, readers: Mapping[str, TokenReader]) -> None:
        self._app = app
        self._board = board
        self._readers = readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        known = await self._known(scope["path"]) if is_get else None
        if known is None:
            await self._app(scope, receive, send)
        else:
            await Response(known, media_type="application/json")(scope, receive, send)

    async def _known(self, path: str) -> bytes | None:
        match path.split("/"):
            case ["", first, token, last] if last == STATUS and first in self._readers:
                with suppress(CoreError):
                    return await self._board.answer(self._readers[first](token))
        return None
