"""Sign-in by a one-time link, and sign-out.

Opening the link only shows a button, so that a mail program's preview does not use it up.
"""

import re
from typing import Annotated

import prometheus_client
from fastapi import APIRouter, Form, Request, Response

from proctoring.access import service as access
from proctoring.errors import TokenRefused
from proctoring.web.cookies import delete_cookie, read_cookie, set_cookie
from review_ui.staff_pages import COOKIE, StaffPages, back_to

REFUSED = prometheus_client.Counter("sign_ins_refused", "Sign-ins with a link that opens nothing.")
TOKEN_IN_LINK = re.compile(r"(?:.*/sign-in/)?([A-Za-z0-9_-]{8,128})/?\s*")


def routes(staff: StaffPages) -> APIRouter:
    """`/`, `/sign-in`, `/sign-in/{token}`, `/sign-out`."""
    router = APIRouter()

    @router.get("/")
    def home(request: Request) -> Response:
        with staff.core.db.read() as db:
            return back_to(staff.home(staff.signed_in(request, db)))

    @router.get("/sign-in")
    def ask(request: Request) -> Response:
        return staff.page(request, "sign_in.html")

    @router.post("/sign-in")
    def paste(request: Request, code: Annotated[str, Form()]) -> Response:
        found = TOKEN_IN_LINK.fullmatch(code.strip())
        return back_to(f"/sign-in/{found.group(1)}" if found else "/sign-in/not-a-code")

    @router.get("/sign-in/{token}")
    def offer(request: Request, token: str) -> Response:
        with staff.core.db.read() as db:
            owner = access.link_owner(db, staff.core, token)
        return staff.page(request, "sign_in_as.html", owner=owner, token=token)

    @router.post("/sign-in/{token}")
    def use(token: str) -> Response:
        try:
            with staff.core.db.read() as db:
                access.link_owner(db, staff.core, token)  # whoever guesses takes no write lock
            with staff.core.db.begin() as db:
                person, secret = access.begin_login(db, staff.core, token)
        except TokenRefused:
            REFUSED.inc()
            raise
        response = back_to(staff.home(person))
        valid_s = int(access.LOGIN_VALID.total_seconds())
        set_cookie(response, COOKIE, secret, max_age_s=valid_s, https=staff.core.settings.https)
        return response

    @router.post("/sign-out")
    def leave(request: Request) -> Response:
        secret = read_cookie(request, COOKIE, https=staff.core.settings.https)
        if secret:
            with staff.core.db.begin() as db:
                access.end_login(db, secret)
        response = back_to("/sign-in")
        delete_cookie(response, COOKIE, https=staff.core.settings.https)
        return response

    return router
