"""Cookies of ours. Over https their name begins with `__Host-` (RFC 6265bis, section 4.1.3.2).

A browser then takes one only from this very host, over https, for every path. No neighbouring host can plant
one here.
"""

from starlette.requests import Request
from starlette.responses import Response

PREFIX = "__Host-"


def set_cookie(response: Response, name: str, value: str, *, max_age_s: int, https: bool) -> None:
    """Kept for `max_age_s`; out of reach for scripts; not sent along from another site but with a link."""
    _set(response, name, value, max_age_s, https)


def delete_cookie(response: Response, name: str, *, https: bool) -> None:
    _set(response, name, "", 0, https)


def read_cookie(request: Request, name: str, *, https: bool) -> str | None:
    """Its value, or None. Over https one without the prefix is not ours."""
    return request.cookies.get(PREFIX + name if https else name)


def _set(response: Response, name: str, value: str, max_age_s: int, https: bool) -> None:
    response.set_cookie(
        PREFIX + name if https else name,
        value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        secure=https,
        samesite="lax",
    )
