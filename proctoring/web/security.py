"""The browser's side of security: a strict content-security policy and the same-origin rule.

Guarantee: no inline script or style runs, nothing is loaded from elsewhere, and no page is framed. A
state-changing request that a browser sends from another site is refused before any handler sees it.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}

HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{name} {value}" for name, value in CONTENT_SECURITY_POLICY.items()
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
}

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
"""For a year (RFC 6797); not for hosts below this one, which may be others'."""


class BrowserRules:
    """ASGI middleware that sets HEADERS on every answer and refuses cross-site writes. With `https`, browsers
    use nothing else from then on (HSTS)."""

    def __init__(self, app: ASGIApp, https: bool = False) -> None:
        self._app = app
        self._headers = HEADERS | (ONLY_HTTPS if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if is_cross_site_write(scope["method"], Headers(scope=scope)):
            body = {
                "type": "about:blank",
                "title": "Cross-site request refused",
                "status": 403,
                "detail": "This request came from another site.",
                "remedy": "Open the page of this service and try again from there.",
            }
            refusal = JSONResponse(body, 403, media_type="application/problem+json")
            await refusal(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def is_cross_site_write(method: str, headers: Headers) -> bool:
    """Whether a browser says that an unsafe request comes from elsewhere.

    Requests with a bearer token carry their own proof, and no cookie counts for them. Clients that are no
    browser send neither header and hold no cookie by accident.
    """
    if method in SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
