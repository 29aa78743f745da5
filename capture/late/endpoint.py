"""Route for the pieces that a page recorded while it could not publish.

The stream's ingest token is the authority.

    POST /api/v1/sessions/{id}/late-segments/{stream}           200 what is missing
         401 404 413 415 422 429 503
    PUT  /api/v1/sessions/{id}/late-segments/{stream}/{start}   201 kept, 200 was there already
         401 404 409 413 415 422 429 503

A piece is a WebM file (VP8, Opus) that begins with a keyframe, or holds sound alone, and is sent whole. It is
named by the time of that keyframe or first sound, in Unix milliseconds of the server's clock.

429, 503 and a lost connection mean: keep it and send it again. Everything else is final, and sending a piece
again changes nothing. 409 means that the stream is closed. 422 means that this piece will never be accepted,
such as one that claims an impossible time.
"""

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from capture.bearer import bearer_token, bounded_body, demand_type, refused
from capture.errors import BadPayload
from capture.late.gap_filler import PIECE_BYTES_MAX, PIECE_MS_MAX, GapFiller
from capture.recorder import Grant
from proctoring.errors import Invalid, TokenRefused, Unavailable
from proctoring.exams.model import Stream
from proctoring.recordings.spans import EVER_MS
from proctoring.web.bodies import Body

T = TypeVar("T")

PATH = "/api/v1/sessions/{session_id}/late-segments/{stream}"
WEBM, JSON = "video/webm", "application/json"
ANNOUNCEMENT_BYTES_MAX = 1024
PIECE = PATH + "/{start_unix_ms}"
BODIES = (Body("POST", PATH, ANNOUNCEMENT_BYTES_MAX), Body("PUT", PIECE, PIECE_BYTES_MAX))

Start = Annotated[int, Path(ge=0, le=EVER_MS, description="Unix milliseconds of the server's clock")]
Duration = Annotated[int, Query(ge=1, le=PIECE_MS_MAX, description="How long it lasts, in milliseconds")]


class Announcement(BaseModel):
    """What a page says of itself. While it holds pieces, an ended session waits for it, for some minutes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    holding: bool = Field(description="Whether the page holds pieces of this stream")


class Stretch(BaseModel):
    """A stretch of time, in Unix milliseconds of the server's clock."""

    start: int
    end: int


class State(BaseModel):
    """What the server has and lacks of the stream."""

    open: bool = Field(description="Whether anything is accepted at all; else delete what you hold")
    now: int = Field(description="The server's clock at this answer; set yours by it, not the computer's")
    stored_until: int = Field(description="What lies before this instant, and in no gap, need not be kept")
    gaps: list[Stretch] = Field(description="What is missing and may be sent now")


class Kept(BaseModel):
    """What became of a piece."""

    kept_ms: int = Field(description="How much of it was missing and is now kept; 0 when nothing was")


def routes(filler: GapFiller) -> APIRouter:
    """The late-segments endpoint; `filler` stores what it takes in."""
    router = APIRouter(tags=["late segments"])

    @router.post(PATH, summary="Say whether the page holds pieces; learn what is missing")
    async def announce(request: Request, session_id: str, stream: Stream) -> State:
        grant = await _admit(filler, request, session_id, stream)
        demand_type(request, JSON)
        try:
            body = await bounded_body(request, ANNOUNCEMENT_BYTES_MAX, 'Send {"holding": true} or false.')
            said = Announcement.model_validate_json(body)
        except ValidationError as error:
            raise Invalid("The announcement cannot be read.", 'Send {"holding": true} or false.') from error
        missing = await _patiently(filler.announce(grant, said.holding))
        gaps = [Stretch(start=gap.start_ms, end=gap.end_ms) for gap in missing.gaps]
        return State(open=missing.open, now=missing.now, stored_until=missing.stored_until, gaps=gaps)

    @router.put(
        PIECE,
        summary="Send a piece that was recorded while the connection was away",
        response_model=Kept,
        status_code=201,
        openapi_extra={"requestBody": {"required": True, "content": {WEBM: {}}}},
    )
    async def put(
        request: Request, session_id: str, stream: Stream, start_unix_ms: Start, duration_ms: Duration
    ) -> Response:
        grant = await _admit(filler, request, session_id, stream)
        demand_type(request, WEBM)
        data = await bounded_body(request, PIECE_BYTES_MAX, "Record shorter pieces.")
        try:
            kept_ms = await _patiently(filler.fill(grant, start_unix_ms, duration_ms, data))
        except BadPayload as error:
            raise Invalid(error.detail, "Send WebM with VP8 and Opus, as MediaRecorder makes it.") from error
        return JSONResponse(Kept(kept_ms=kept_ms).model_dump(), 201 if kept_ms else 200)

    return router


async def _admit(filler: GapFiller, request: Request, session_id: str, stream: Stream) -> Grant:
    grant = await filler.admit(bearer_token(request, "the stream's ingest token"))
    if grant != Grant(session_id, stream):
        raise TokenRefused("This token is for another stream.", "Send the ingest token of this one.")
    return grant


async def _patiently(work: Awaitable[T]) -> T:
    """Adds the time of the next try where store or database are unreachable."""
    try:
        return await work
    except Unavailable as error:
        raise refused(error) from error
