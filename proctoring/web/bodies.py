"""Request bodies, bounded before a byte of one is read: their size, sender, number at once, and rate.

- Routes that need more than a form name their largest body (`Body`). Every other body is a form, of
  FORM_BYTES_MAX. A body that declares more, or turns out larger, is refused with 413.
- Where the address holds a token, its signature is checked first: without it nothing is read.
- Bodies count from the first byte that is asked for until the answer is given: per token, of strangers per
  address, and in all. A bearer token counts as known then: its handler checks it before it reads.
- A body comes at SLOWEST_BYTES_PER_S after GRACE_S, and within BODY_S_MAX.

Too many and too slow are refused with 503: pages keep their content and send it again.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import prometheus_client
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proctoring.errors import CoreError
from proctoring.web.connections import holder_of
from proctoring.web.problems import Problem, of_core, render
from proctoring.web.security import SAFE_METHODS

FORM_BYTES_MAX = 64 << 10
FORM_LIMITS = {
    "max_files": 0,
    "max_part_size": FORM_BYTES_MAX,
}  # so that nothing is put into a temporary file
UPLOAD_BYTES = 1 << 20  # a body that may be larger counts as an upload
TOKEN_BODIES_MAX = 8  # of one token at once
TOKEN_UPLOADS_MAX = 2
UPLOADS_MAX = 16  # of all tokens: what they hold in memory together is bounded by it
STRANGERS_MAX = 256  # bodies on nobody's word, such as those to the sign-in page
ADDRESS_MAX = 64  # of those, from one address
GRACE_S = 10.0
BODY_S_MAX = 120.0
SLOWEST_BYTES_PER_S = 8 << 10
RETRY_AFTER_S = 10

REFUSED = prometheus_client.Counter(
    "http_bodies_refused", "Bodies that were refused by a limit, by which.", ["limit"]
)

Place = tuple[str, str]
"""What is counted: a kind, and whose."""


@dataclass(frozen=True, slots=True)
class Body:
    """The largest body of a route whose handler checks a token before it reads. `path` is the route's own."""

    method: str
    path: str
    bytes_max: int


class BodyRules:
    """The bodies that are no forms, and the readers of tokens in addresses: by the first part of the path, a
    function that raises TokenRefused."""

    def __init__(
        self, bodies: Sequence[Body] = (), tokens: Mapping[str, Callable[[str], object]] | None = None
    ) -> None:
        self._bodies = [(one, compile_path(one.path)[0]) for one in bodies]
        self._tokens = dict(tokens or {})

    def of(self, method: str, path: str) -> Body | None:
        """The route's own; None for a form."""
        return next((one for one, at in self._bodies if one.method == method and at.match(path)), None)

    def known(self, path: str) -> str:
        """The token in the path, checked; "" where there is none to be. Raises TokenRefused."""
        _, first, *rest = [*path.split("/"), ""]
        read = self._tokens.get(first)
        if read is None or not rest[0]:
            return ""
        read(rest[0])
        return rest[0]


class BoundedBodies:
    """ASGI middleware, within that of `problems`' refusals and around every handler."""

    def __init__(self, app: ASGIApp, rules: BodyRules, ticks: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._rules = rules
        self._ticks = ticks
        self._counts: Counter[Place] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_read(scope["method"], headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        try:
            token = self._rules.known(scope["path"])
        except CoreError as error:
            await render(Request(scope), of_core(error))(scope, receive, send)
            return
        body = self._rules.of(scope["method"], scope["path"])
        bytes_max = body.bytes_max if body else FORM_BYTES_MAX
        places = _places(body, token or (bearer(headers) if body else None), scope)
        declared = headers.get("content-length", "")
        reading = _Reading(self._counts, places, bytes_max, declared, receive, self._ticks)

        async def answer(message: Message) -> None:
            reading.answered = True
            await send(message)

        try:
            await self._app(scope, reading.receive, answer)
        finally:
            reading.leave()


@dataclass(slots=True)
class _Reading:
    """One body, from the first byte that is asked for."""

    counts: Counter[Place]
    places: Mapping[Place, int]
    bytes_max: int
    declared: str
    source: Receive
    ticks: Callable[[], float]
    answered: bool = False
    began_s: float | None = None
    received: int = 0
    whole: bool = False

    async def receive(self) -> Message:
        """The next piece. Raises Problem: 413 for too much of it; 503 for too many at once, or too slow."""
        if self.answered or self.whole:
            return await self.source()
        if self.began_s is None:
            self.began_s = self._begin()
        allowed_s = min(BODY_S_MAX, GRACE_S + self.received / SLOWEST_BYTES_PER_S)
        try:
            async with asyncio.timeout(self.began_s + allowed_s - self.ticks()):
                message = await self.source()
        except TimeoutError:
            raise _again("This request came too slowly.", "pace") from None
        self.received += len(message.get("body", b""))
        if self.received > self.bytes_max:
            raise self._too_large()
        self.whole = not message.get("more_body", False)
        return message

    def leave(self) -> None:
        """The request is over, and with it what it held."""
        if self.began_s is not None:
            self.counts.subtract(self.places.keys())
            for place in self.places:
                if not self.counts[place]:
                    del self.counts[place]

    def _begin(self) -> float:
        if self.declared.isdecimal() and int(self.declared) > self.bytes_max:
            raise self._too_large()
        if any(self.counts[place] >= most for place, most in self.places.items()):
            raise _again("Too much is being sent at once.", "number")
        self.counts.update(self.places.keys())
        return self.ticks()

    def _too_large(self) -> Problem:
        REFUSED.labels("size").inc()
        return Problem(413, "Too large", f"The body is larger than {self.bytes_max} bytes.", "Send less.")


def is_read(method: str, headers: Headers) -> bool:
    """Whether a body follows (RFC 9112, section 6.3) that a handler may read: of other methods none does."""
    has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
    return has_body and method not in SAFE_METHODS


def bearer(headers: Headers) -> str:
    """The token of the Authorization header (RFC 6750), or ""."""
    return headers.get("authorization", "").partition(" ")[2].strip()


def _places(body: Body | None, token: str | None, scope: Scope) -> dict[Place, int]:
    """Everything that this body counts for, each with how many there may be."""
    if token is not None:
        token = token[
            :-1
        ]  # the last character of a signature has bits that say nothing: one token, four spellings
        if body is None or body.bytes_max <= UPLOAD_BYTES:
            return {("token", token): TOKEN_BODIES_MAX}
        return {("upload of", token): TOKEN_UPLOADS_MAX, ("uploads", ""): UPLOADS_MAX}
    client = scope.get("client")
    of_address = {("address", holder_of(client[0])): ADDRESS_MAX} if client else {}
    return {("strangers", ""): STRANGERS_MAX} | of_address


def _again(detail: str, limit: str) -> Problem:
    REFUSED.labels(limit).inc()
    remedy = "Keep what you have and send it again in a few seconds."
    return Problem(503, "Not taken now", detail, remedy, headers={"Retry-After": str(RETRY_AFTER_S)})
