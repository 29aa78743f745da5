"""Staff pages: who is signed in, the frame around the page, the way back after a form.

A login is a cookie with its own secret: HttpOnly, and never sent with requests from another site.
"""

from dataclasses import dataclass
from datetime import datetime

import jinja2
from fastapi import HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session as Db

from proctoring.access import service as access
from proctoring.access.model import May, Person, may
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealState
from proctoring.core import Core
from proctoring.errors import NotSignedIn
from proctoring.help import service as help_requests
from proctoring.help.model import Call
from proctoring.sessions import service as sessions
from proctoring.summaries import service as summaries
from proctoring.summaries.model import Stage
from proctoring.web.cookies import read_cookie
from proctoring.web.i18n import dates_of
from proctoring.web.templates import environment
from review_ui.calls import SHOWN_MAX
from review_ui.titles import title
from review_ui.words import word
from storage.objects.store import ObjectStore
from storage.seal import Opener

COOKIE = "login"


@dataclass(frozen=True, slots=True)
class NavItem:
    href: str
    name: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class Calls:
    """The oldest calls for help, the number that wait in all, and staff names by id."""

    oldest: list[Call]
    total: int
    names: dict[str, str]


class StaffPages:
    """Dependencies and frame of the staff pages. No other edge has an Opener."""

    def __init__(self, core: Core, opener: Opener, objects: ObjectStore) -> None:
        self.core = core
        self.opener = opener
        self.objects = objects
        self._env = environment("review_ui")
        self._env.filters["word"] = word
        self._env.filters["flag_title"] = title

    def signed_in(self, request: Request, db: Db) -> Person:
        """The person of the login cookie. Without one, a request for a page is redirected to the sign-in
        page, and any other raises NotSignedIn."""
        try:
            return self.of_cookie(request, db)
        except NotSignedIn:
            if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
                raise HTTPException(303, "Sign in first", headers={"Location": "/sign-in"}) from None
            raise

    def of_cookie(self, request: Request, db: Db) -> Person:
        """The person of the login cookie. Raises NotSignedIn."""
        return access.who(db, self.core, read_cookie(request, COOKIE, https=self.core.settings.https))

    def now(self) -> datetime:
        return self.core.clock()

    def page(
        self,
        request: Request,
        template: str,
        person: Person | None = None,
        db: Db | None = None,
        **context: object,
    ) -> HTMLResponse:
        """The page; with a signed-in person and a transaction, inside the staff frame with its counts."""
        nav = self._nav(db, person, request.url.path) if person and db else None
        found: jinja2.Template = self._env.get_template(template)
        calls = self._calls(db, person) if person and db else None
        dates = dates_of(request.headers.get("accept-language", ""))
        frame = {"me": person, "nav": nav, "calls": calls, "dates": dates, "now": self.now()}
        html = found.render(request=request, **frame, **context)
        return HTMLResponse(html)

    def part(self, template: str, person: Person, db: Db) -> HTMLResponse:
        """One part of the staff frame, to refresh it in an open page."""
        found: jinja2.Template = self._env.get_template(template)
        return HTMLResponse(found.render(me=person, calls=self._calls(db, person), now=self.now()))

    def _calls(self, db: Db, person: Person) -> Calls | None:
        """The calls for help that wait, for who may answer them."""
        if not may(person, May.ANSWER_HELP):
            return None
        oldest, total = help_requests.calls(db, SHOWN_MAX)
        taken = any(call.request.taken_by for call in oldest)
        return Calls(oldest, total, names_of(db) if taken else {})

    def _nav(self, db: Db, person: Person, path: str) -> list[NavItem]:
        items: list[tuple[str, str, int | None]] = []
        if may(person, May.SEE_QUEUE):
            counts = summaries.counts(db)
            items.append(("/queue", "Queue", counts[Stage.UNDECIDED.value]))
            items.append(("/incidents", "Incidents", counts[Stage.SECOND.value]))
        if may(person, May.SEE_APPEALS):
            items.append(("/appeals", "Appeals", appeals.count_in(db, AppealState.LODGED)))
        if may(person, May.SEE_RETENTION):
            items.append(("/retention", "Retention", None))
        if may(person, May.READ_LEDGER):
            items.append(("/ledger", "Ledger", None))
        if may(person, May.SEE_IN_PERSON):
            items.append(("/in-person", "In person", sessions.count_wishes(db)))
        within = {
            "/sessions": "/queue" if may(person, May.SEE_QUEUE) else "/appeals",
            "/certificates": "/retention",
        }
        here = "/" + path.strip("/").split("/")[0]
        here = within.get(here, here)
        return [NavItem(href, name, count, href == here) for href, name, count in items]

    def home(self, person: Person) -> str:
        """Address of the page with this person's work."""
        if may(person, May.SEE_QUEUE):
            return "/queue"
        if may(person, May.SEE_APPEALS):
            return "/appeals"
        if may(person, May.SEE_RETENTION):
            return "/retention"
        if may(person, May.SEE_IN_PERSON):
            return "/in-person"
        return "/ledger"


def back_to(url: str) -> Response:
    """Answer to a form: a redirect (303) to its page, so that reloading sends nothing twice."""
    return RedirectResponse(url, 303)


def names_of(db: Db) -> dict[str, str]:
    """Staff names by id, for pages; the ledger never has them."""
    return {person.id: person.name for person in access.users(db)}
