"""Page of retention: sessions erased next, held, or waiting for a person, with the reasons.

Certificates are here too, and holds are placed and released.
"""

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from proctoring.access.model import May, may, require
from proctoring.access.service import actor
from proctoring.casework.procedures import open_procedures
from proctoring.casework.procedures import release as release_by_hand
from proctoring.casework.queue import queue
from proctoring.casework.standing import relation
from proctoring.custody import service as custody
from proctoring.errors import Invalid
from proctoring.holds import service as holds
from proctoring.holds.model import PLACED_BY_HAND, HoldKind, release_refusal
from proctoring.holds.worker import brake_in_force
from proctoring.proofs import stops
from proctoring.recordings.timeline import timeline
from proctoring.sessions import service as sessions
from review_ui.dates import morning
from review_ui.desk import Desk, back_to, names_of
from review_ui.due import due


def routes(desk: Desk) -> APIRouter:
    """`/retention`, `/holds/…`, `/certificates/{id}`."""
    router = APIRouter()

    @router.get("/retention")
    def show(request: Request, hold: str = "") -> Response:
        person = desk.signed_in(request)
        require(person, May.SEE_RETENTION)
        now = desk.now()
        with desk.core.db.read() as db:
            lines, procedures = [], open_procedures(db)
            for line in queue(db, now=now):
                began = line.session.started_at or line.session.created_at
                placed = tuple(holds.active(db, line.session.id))
                lines.append((line, due(line.due_at, began, now, line.zone, line.held), placed))
            return desk.page(
                request,
                "retention.html",
                person,
                db,
                going=[one for one in lines if not one[2]],
                held=[one for one in lines if one[2]],
                certificates=[(row, json.loads(row.body)) for row in custody.certificates(db)],
                names=names_of(db),
                may_place=may(person, May.PLACE_HOLD),
                holding=hold if may(person, May.PLACE_HOLD) else "",
                may_release=may(person, May.RELEASE_HOLD),
                kinds=PLACED_BY_HAND,
                refusal=lambda hold: release_refusal(
                    hold.kind, hold.owner, person.id, procedures.get(hold.id)
                ),
                brake=brake_in_force(db),
                stopped=stops.in_force(db),
            )

    @router.post("/holds")
    def place(
        request: Request,
        session_id: Annotated[str, Form()],
        kind: Annotated[HoldKind, Form()],
        reason: Annotated[str, Form()],
        review_on: Annotated[str, Form()] = "",
    ) -> Response:
        person = desk.signed_in(request)
        require(person, May.PLACE_HOLD)
        if kind not in PLACED_BY_HAND:
            raise Invalid(f"A hold of kind {kind.value} follows a decision.", "Choose legal or restriction.")
        with desk.core.db.begin() as db:
            zone = sessions.exam_of(db, sessions.load(db, session_id.strip())).regulation.zone
            review_at = morning(review_on, zone) if review_on else None
            holds.place(db, desk.core, actor(person), session_id.strip(), kind, reason, review_at=review_at)
        return back_to("/retention")

    @router.post("/holds/{hold_id}/release")
    def release(request: Request, hold_id: str) -> Response:
        person = desk.signed_in(request)
        require(person, May.RELEASE_HOLD)
        with desk.core.db.begin() as db:
            release_by_hand(db, desk.core, actor(person), hold_id)
        return back_to("/retention")

    @router.get("/certificates/{certificate_id}")
    def certificate(request: Request, certificate_id: str) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.read() as db:
            row = custody.certificate(db, certificate_id)
            require(person, May.READ_CERTIFICATE, relation(db, person, row.session_id))
            return desk.page(
                request,
                "certificate.html",
                person,
                db,
                row=row,
                body=json.loads(row.body),
                timeline=timeline(db, row.session_id),
            )

    @router.get("/certificates/{certificate_id}/certificate.json")
    def download(request: Request, certificate_id: str) -> Response:
        person = desk.signed_in(request)
        with desk.core.db.read() as db:
            row = custody.certificate(db, certificate_id)
            require(person, May.READ_CERTIFICATE, relation(db, person, row.session_id))
        # The body byte for byte as it was signed.
        whole = f'{{"certificate":{row.body},"signature":{json.dumps(row.signature)}}}'
        name = f'attachment; filename="erasure-{certificate_id}.json"'
        return Response(whole + "\n", media_type="application/json", headers={"Content-Disposition": name})

    return router
