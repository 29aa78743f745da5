"""Page of retention: sessions erased next, held, or waiting for a person, with the reasons.

Certificates are listed here too, and holds are placed and released.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session as Db

from proctoring.access import service as access
from proctoring.access.model import May, Person, may
from proctoring.casework.lines import lines
from proctoring.casework.procedures import open_procedures
from proctoring.casework.procedures import release as release_by_hand
from proctoring.casework.queue import due_first
from proctoring.custody import service as custody
from proctoring.holds import service as holds
from proctoring.holds.model import PLACED_BY_HAND, HoldKind, check_by_hand, release_refusal
from proctoring.holds.worker_state import brake_in_force
from proctoring.proofs import stops
from proctoring.sessions import service as sessions
from proctoring.summaries import service as summaries
from review_ui.dates import morning
from review_ui.due import due_of
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, back_to

SECTION_SIZE = 20
"""Of each of the three lists."""


def routes(staff: StaffPages) -> APIRouter:
    """`/retention`, `/holds/…`."""
    router = APIRouter()

    @router.get("/retention")
    def show(
        request: Request,
        by: Annotated[Permit, needs(staff, May.SEE_RETENTION)],
        hold: str = "",
        after: str = "",
        held_after: str = "",
        certificates_after: str = "",
    ) -> Response:
        here = {"after": after, "held_after": held_after, "certificates_after": certificates_after}
        may_place = may(by.person, May.PLACE_HOLD)
        with staff.core.db.read() as db:
            return staff.page(
                request,
                "retention.html",
                by.person,
                db,
                **lists(db, by.person, staff.now(), here),
                here={name: place for name, place in here.items() if place},
                may_place=may_place,
                holding=hold if may_place else "",
                may_release=may(by.person, May.RELEASE_HOLD),
                kinds=PLACED_BY_HAND,
                brake=brake_in_force(db),
                stopped=stops.in_force(db),
            )

    @router.post("/holds")
    def place(
        by: Annotated[Permit, needs(staff, May.PLACE_HOLD)],
        session_id: Annotated[str, Form()],
        kind: Annotated[HoldKind, Form()],
        reason: Annotated[str, Form()],
        review_on: Annotated[str, Form()] = "",
    ) -> Response:
        check_by_hand(kind)
        with by.begin() as db:
            zone = sessions.exam_of(db, sessions.load(db, session_id.strip())).regulation.zone
            review_at = morning(review_on, zone) if review_on else None
            holds.place(
                db, staff.core, by.actor, session_id.strip(), kind, reason=reason, review_at=review_at
            )
        return back_to("/retention")

    @router.post("/holds/{hold_id}/release")
    def release(hold_id: str, by: Annotated[Permit, needs(staff, May.RELEASE_HOLD)]) -> Response:
        with by.begin() as db:
            release_by_hand(db, staff.core, by.actor, hold_id)
        return back_to("/retention")

    return router


def lists(db: Db, person: Person, now: datetime, here: Mapping[str, str]) -> dict[str, Any]:
    """What goes next, what is held, and the newest certificates; a page of each, from the place `here`."""
    going = due_first(db, held=False, size=SECTION_SIZE, after=here["after"])
    held = due_first(db, held=True, size=SECTION_SIZE, after=here["held_after"])
    certificates = custody.newest_certificates(db, here["certificates_after"], SECTION_SIZE)
    shown = [(line, due_of(line, now)) for line in lines(db, [*going.rows, *held.rows], now)]
    first_held = len(going.rows)
    placed = holds.of_sessions(db, [row.session_id for row in held.rows])
    every = [hold for some in placed.values() for hold in some]
    procedures = open_procedures(db, [hold.id for hold in every])
    return {
        "counts": summaries.counts(db),
        "going": shown[:first_held],
        "held": [(line, due, placed[line.session.id]) for line, due in shown[first_held:]],
        "certificates": [(row, json.loads(row.body)) for row in certificates.rows],
        "more": {"after": going.after, "held_after": held.after, "certificates": certificates.after},
        "names": access.names(db, {hold.owner for hold in every}),
        "refusal": lambda hold: release_refusal(hold.kind, hold.owner, person.id, procedures.get(hold.id)),
    }
