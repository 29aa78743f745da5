"""Page of retention: sessions erased next, held, or waiting for a person, with the reasons.

Certificates are listed here too, and holds are placed and released.
"""

import json
from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.orm import Session as Db

from proctoring.access.model import May, may
from proctoring.casework.procedures import open_procedures
from proctoring.casework.procedures import release as release_by_hand
from proctoring.casework.queue import queue
from proctoring.custody import service as custody
from proctoring.holds import service as holds
from proctoring.holds.model import PLACED_BY_HAND, Hold, HoldKind, check_by_hand, release_refusal
from proctoring.holds.worker_state import brake_in_force
from proctoring.proofs import stops
from proctoring.sessions import service as sessions
from review_ui.dates import morning
from review_ui.due import due
from review_ui.permit import Permit, needs
from review_ui.staff_pages import StaffPages, back_to, names_of


def routes(desk: StaffPages) -> APIRouter:
    """`/retention`, `/holds/…`."""
    router = APIRouter()

    @router.get("/retention")
    def show(
        request: Request, by: Annotated[Permit, needs(desk, May.SEE_RETENTION)], hold: str = ""
    ) -> Response:
        now = desk.now()
        may_place = may(by.person, May.PLACE_HOLD)
        with desk.core.db.read() as db:
            lines, placed, procedures = [], _placed(db), open_procedures(db)
            for line in queue(db, now=now):
                began = line.session.started_at or line.session.created_at
                due_then = due(line.due_at, began, now, line.zone, line.held)
                lines.append((line, due_then, placed[line.session.id]))
            return desk.page(
                request,
                "retention.html",
                by.person,
                db,
                going=[one for one in lines if not one[2]],
                held=[one for one in lines if one[2]],
                certificates=[(row, json.loads(row.body)) for row in custody.certificates(db)],
                names=names_of(db),
                may_place=may_place,
                holding=hold if may_place else "",
                may_release=may(by.person, May.RELEASE_HOLD),
                kinds=PLACED_BY_HAND,
                refusal=lambda hold: release_refusal(
                    hold.kind, hold.owner, by.person.id, procedures.get(hold.id)
                ),
                brake=brake_in_force(db),
                stopped=stops.in_force(db),
            )

    @router.post("/holds")
    def place(
        by: Annotated[Permit, needs(desk, May.PLACE_HOLD)],
        session_id: Annotated[str, Form()],
        kind: Annotated[HoldKind, Form()],
        reason: Annotated[str, Form()],
        review_on: Annotated[str, Form()] = "",
    ) -> Response:
        check_by_hand(kind)
        with by.begin() as db:
            zone = sessions.exam_of(db, sessions.load(db, session_id.strip())).regulation.zone
            review_at = morning(review_on, zone) if review_on else None
            holds.place(db, desk.core, by.actor, session_id.strip(), kind, reason=reason, review_at=review_at)
        return back_to("/retention")

    @router.post("/holds/{hold_id}/release")
    def release(hold_id: str, by: Annotated[Permit, needs(desk, May.RELEASE_HOLD)]) -> Response:
        with by.begin() as db:
            release_by_hand(db, desk.core, by.actor, hold_id)
        return back_to("/retention")

    return router


def _placed(db: Db) -> defaultdict[str, list[Hold]]:
    """The holds in force of each session, the oldest first."""
    found: defaultdict[str, list[Hold]] = defaultdict(list)
    for hold in holds.active(db):
        found[hold.session_id].append(hold)
    return found
