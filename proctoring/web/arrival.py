"""Origin of a GET: evidence is not opened for a request that another site caused.

Opening evidence enters a view in the ledger, in the name of the signed-in person. So it is opened only for a
request of our own pages. The browser says so (`Sec-Fetch-Site`, Fetch Metadata), and no page can set that
header:

    same-origin            our pages: the player, a link followed within the service
    none                   a person: the address bar, a bookmark, a link in a mail program
    cross-site, same-site  another page: a picture, script, form, frame or link of it, a window it opened

A navigation is no exception, for any page can make one. Evidence itself never opens from elsewhere. A page
that opens evidence as it loads, such as a session's, first asks a person who arrives from elsewhere. That may
be a mail read in a browser. It costs one more click, and that click is theirs.

All browsers have sent the header since 2023. A request without it comes from a script of the signed-in
person. `Origin` counts for it, where it is there.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from proctoring.errors import Denied

OURS = frozenset({"same-origin", "none"})


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site, or another origin of this one, made it ask."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in OURS
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def demand_own_page(request: Request) -> None:
    """Raises Denied for what another site asks for: before evidence is opened, and its view entered."""
    if is_from_elsewhere(request.headers):
        raise Denied("Another site asked for this recording.", "Open it from the session's page.")
