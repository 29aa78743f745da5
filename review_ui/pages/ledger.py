"""Page of the custody ledger: who did what to which evidence, and when.

Entries can be searched by action, person, session and time. The page says whether the entries shown are
intact, and how far the service has checked the whole ledger.
"""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from proctoring.access.model import May
from proctoring.custody import service as custody
from proctoring.custody.listing import Asked, page
from proctoring.custody.model import Action, broken_among
from proctoring.errors import Invalid
from proctoring.proofs import findings
from proctoring.proofs.rows import STATE_ID, ReplayRow
from review_ui.dates import morning
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, names_of

PAGE_SIZE = 100
ZONE = "UTC"
OTHERS = {"candidate": "the candidate", "system": "the service"}
"""Who acts and is no staff member."""


def routes(staff: StaffPages) -> APIRouter:
    """`/ledger`, newest first; `?action=`, `?person=`, `?session=`, `?since=` and `?until=` (days of UTC,
    both within) narrow it, `?before=` is the next page."""
    router = APIRouter()

    @router.get("/ledger")
    def show(
        request: Request,
        by: Annotated[Permit, needs(staff, May.READ_LEDGER)],
        session: str = "",
        before: str = "",
        action: str = "",
        person: str = "",
        since: str = "",
        until: str = "",
    ) -> Response:
        given = {"action": action, "person": person, "session": session, "since": since, "until": until}
        given = {name: value.strip() for name, value in given.items() if value.strip()}
        asked = as_asked(given)
        narrowed = asked != Asked()
        with staff.core.db.read() as db:
            found = page(db, asked, _number(before), PAGE_SIZE)
            names = names_of(db) | OTHERS
            replayed = db.get(ReplayRow, STATE_ID)
            return staff.page(
                request,
                "ledger.html",
                by.person,
                db,
                days=[(day, list(of)) for day, of in groupby(found.entries, lambda one: one.at.date())],
                shown=len(found.entries),
                total=custody.head(db)[0],
                given=given,
                narrowed=narrowed,
                actions=sorted(Action, key=lambda one: one.value),
                people=names | ({person: person} if person and person not in names else {}),
                names=names,
                broken=broken_among(found.entries, every=not narrowed),
                replayed=replayed,
                findings=findings.open_findings(db),
                older="/ledger?" + urlencode(given | {"before": found.before}) if found.before else None,
            )

    return router


def as_asked(given: dict[str, str]) -> Asked:
    """The query of the form. Raises Invalid for an unknown action and an impossible day."""
    action = given.get("action")
    if action is not None and action not in set(Action):
        raise Invalid(f"The ledger has no action {action!r}.", "Choose one from the list.")
    until = _day(given.get("until"))
    return Asked(
        action=Action(action) if action else None,
        actor=given.get("person"),
        session_id=given.get("session"),
        since=_day(given.get("since")),
        until=until + timedelta(days=1) if until else None,
    )


def _day(text: str | None) -> datetime | None:
    return morning(text, ZONE) if text else None


def _number(text: str) -> int | None:
    """Raises Invalid for what is no number of an entry."""
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(custody.NUMBER_MAX)):
        raise Invalid(f"{text!r} is no number of an entry.", "Follow the link to the next page.")
    return int(text)
