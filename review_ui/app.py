"""The review edge as one router: pages, the player's data, media. Its static files are in STATIC."""

from fastapi import APIRouter

from proctoring.core import Core
from proctoring.web.problem_page import Draw
from review_ui import identity, logs, media, signals
from review_ui.desk import Desk
from review_ui.pages import (
    acts,
    appeals,
    case,
    certificates,
    flags,
    help,
    incidents,
    ledger,
    queue,
    retention,
    sign_in,
)
from review_ui.problems import problem_page
from storage.objects.store import ObjectStore
from storage.seal import Opener


def draw_problems(core: Core, opener: Opener, objects: ObjectStore) -> Draw:
    """Makes the pages about problems at the staff's addresses, for `app.state.staff_problem`."""
    return problem_page(Desk(core, opener, objects))


def routes(core: Core, opener: Opener, objects: ObjectStore) -> APIRouter:
    """Everything below `/` that staff see. Expects `web.problems` and `web.security` on the application."""
    desk = Desk(core, opener, objects)
    router = APIRouter(include_in_schema=False)
    pages = (sign_in, queue, case, acts, flags, incidents, appeals, retention, certificates, ledger, help)
    for part in (*pages, media, logs, signals, identity):
        router.include_router(part.routes(desk))
    return router
