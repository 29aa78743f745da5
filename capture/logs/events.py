"""Routes for events: the exam page's, those of a companion, and the answers of the exam platform.

    POST /api/v1/sessions/{id}/events     201 counts        401 403 404 409 413 415 422 429 503
    OPTIONS, the same                     204 for browsers of any origin: the token is the authority

429, 503 and a lost connection mean: keep the batch, send it again with a new `sent_at`. All else is final.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from capture.bearer import bearer_token, bounded_body, demand_type, for_anybody
from capture.logs.keeper import LogKeeper
from proctoring.errors import Denied
from proctoring.recordings.events import BATCH_BYTES_MAX, batch_schema, read_batch
from proctoring.web.bodies import Body

JSON = "application/json"
PATH = "/api/v1/sessions/{session_id}/events"
BODIES = (Body("POST", PATH, BATCH_BYTES_MAX),)


class Counts(BaseModel):
    """What became of the batch."""

    model_config = ConfigDict(frozen=True)
    stored: int = Field(description="Events that this batch added to the log")
    known: int = Field(description="Events that the log held already, by their id")


def routes(keeper: LogKeeper) -> APIRouter:
    """The endpoint over this keeper."""
    router = APIRouter()

    async def receive(request: Request, session_id: str) -> Response:
        allowed = keeper.admit(bearer_token(request, "a token of the session"), session_id)
        demand_type(request, JSON)
        batch = read_batch(await bounded_body(request, BATCH_BYTES_MAX, "Send fewer events."))
        if batch.log != allowed:
            raise Denied(
                f"This token adds to the {allowed.value} log, not to that of {batch.log}.",
                "Send answers with the session's answers token, and activity with any other token of it.",
            )
        kept = await keeper.keep(session_id, batch)
        return JSONResponse(Counts(stored=kept.stored, known=kept.known).model_dump(), 201)

    async def preflight(request: Request, session_id: str) -> Response:
        headers = {
            "Allow": "POST, OPTIONS",
            "Access-Control-Allow-Methods": "POST, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "86400",
        }
        return Response(status_code=204, headers=headers)

    router.add_api_route(
        PATH,
        for_anybody(receive),
        methods=["POST"],
        status_code=201,
        response_model=Counts,
        summary="Add a batch of events to a log of the session",
        description="Token: of answers the session's answers token, which no page holds; of activity its "
        "events token, or any ingest token of the session.",
        openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": batch_schema()}}}},
    )
    router.add_api_route(PATH, for_anybody(preflight), methods=["OPTIONS"], include_in_schema=False)
    return router
