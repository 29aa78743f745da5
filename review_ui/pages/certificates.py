"""Certificates of erasure: each as a page, and as it was signed."""

import json
from typing import Annotated

from fastapi import APIRouter, Request, Response

from proctoring.access.model import May
from proctoring.custody import service as custody
from proctoring.recordings.sittings import sitting
from review_ui.permit import CERTIFICATE, Permit, needs
from review_ui.staff_pages import StaffPages


def routes(staff: StaffPages) -> APIRouter:
    """`/certificates/{id}`."""
    router = APIRouter()

    @router.get("/certificates/{certificate_id}")
    def certificate(
        request: Request,
        certificate_id: str,
        by: Annotated[Permit, needs(staff, May.READ_CERTIFICATE, CERTIFICATE)],
    ) -> Response:
        with staff.core.db.read() as db:
            row = custody.certificate(db, certificate_id)
            return staff.page(
                request,
                "certificate.html",
                by.person,
                db,
                row=row,
                body=json.loads(row.body),
                session=sitting(db, row.session_id),
            )

    @router.get(
        "/certificates/{certificate_id}/certificate.json",
        dependencies=[needs(staff, May.READ_CERTIFICATE, CERTIFICATE)],
    )
    def download(certificate_id: str) -> Response:
        with staff.core.db.read() as db:
            row = custody.certificate(db, certificate_id)
        # The body byte for byte as it was signed.
        whole = f'{{"certificate":{row.body},"signature":{json.dumps(row.signature)}}}'
        name = f'attachment; filename="erasure-{certificate_id}.json"'
        return Response(whole + "\n", media_type="application/json", headers={"Content-Disposition": name})

    return router
