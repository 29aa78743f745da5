"""Router of the review edge: pages, the player's data, media."""

from fastapi import APIRouter

from proctoring.core import Core
from proctoring.web.problem_page import Draw
from review_ui import identity, logs, media, signals
from review_ui.pages import (
    appeals,
    case,
    certificates,
    flags,
    help,
    incidents,
    ledger,
    queue,
    retention,
    session_forms,
    sign_in,
)
from review_ui.problems import problem_page
from review_ui.staff_pages import StaffPages
from storage.objects.store import ObjectStore
from storage.seal import Opener


def draw_problems(core: Core, opener: Opener, objects: ObjectStore) -> Draw:
    """The function that draws problems at staff addresses, for `app.state.staff_problem`."""
    return problem_page(StaffPages(core, opener, objects))


def media_routes(core: Core, opener: Opener, objects: ObjectStore) -> APIRouter:
    """The routes that ask for the quarantine themselves, in the transaction of each request."""
    router = APIRouter(include_in_schema=False)
    router.include_router(media.routes(StaffPages(core, opener, objects)))
    return router


def page_routes(core: Core, opener: Opener, objects: ObjectStore) -> APIRouter:
    """All other routes for staff. The application must have `web.problems` and `web.security`."""
    staff = StaffPages(core, opener, objects)
    router = APIRouter(include_in_schema=False)
    router.include_router(media.time_lines(staff))
    pages = (
        sign_in,
        queue,
        case,
        session_forms,
        flags,
        incidents,
        appeals,
        retention,
        certificates,
        ledger,
        help,
    )
    for part in (*pages, logs, signals, identity):
        router.include_router(part.routes(staff))
    return router
