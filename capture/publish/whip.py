"""The WHIP endpoint (RFC 9725): publishers POST an offer, trickle candidates by PATCH, say goodbye by DELETE.

    POST /whip            201 answer, Location, ETag, Link  400 401 404 409 413 415 422 423 429 503
    PATCH /whip/{id}      204 candidates taken              400 401 404 412 413 415 422 428 429
    DELETE /whip/{id}     200 stored and ended              400 401 404
    OPTIONS, either       204 for browsers of any origin: the token is the authority, no cookies are used;
                          with a token, Link too (section 4.6)      401
    any other method      405

ICE restarts are refused (422, RFC 9725 section 4.3): a publisher that lost its network POSTs again, which
opens the next take. A page of ours names itself (`?page=`). It gets 423 while another page publishes the
stream, unless the candidate chose (`&instead=1`): see `same_stream`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from fastapi import APIRouter, Request, Response

from capture.bearer import ANYBODY, RETRY_AFTER_S, bearer_token, bounded_body, demand_type, refused
from capture.errors import CaptureError, IngestsFull, OfferGarbled, OtherPublishes
from capture.publish.ice import link_headers
from capture.publish.ingest import Ingest
from capture.publish.ingests import Ingests
from capture.publish.relay import Relays
from capture.publish.same_stream import Asker, is_page
from capture.publish.sdp import parse_fragment
from proctoring.errors import CoreError
from proctoring.recordings.model import EndCause
from proctoring.web.bodies import Body
from proctoring.web.problems import Problem

SDP_BYTES_MAX = 64 << 10
FRAGMENT_BYTES_MAX = 16 << 10
PATCHES_MAX = 100  # per ingest
GOODBYE_S = 10.0  # how long a DELETE waits for the store
SDP = "application/sdp"
SDP_FRAGMENT = "application/trickle-ice-sdpfrag"
CAUSES = (EndCause.STOPPED, EndCause.SHARING_ENDED, EndCause.DEVICE_LOST)

_ANYBODY = ANYBODY | {
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After"
}

Handler = Callable[[Request], Awaitable[Response]]

ONE = "/whip/{ingest_id}"
ALLOWED = "POST, OPTIONS"
ALLOWED_OF_ONE = "PATCH, DELETE, OPTIONS"
BODIES = (Body("POST", "/whip", SDP_BYTES_MAX), Body("PATCH", ONE, FRAGMENT_BYTES_MAX))


def routes(ingests: Ingests, relays: Relays | None = None) -> APIRouter:
    """The endpoint's routes over this registry; `relays` are offered with the registry's ICE servers."""
    router = APIRouter()

    def link_to_servers(response: Response) -> None:
        for link in link_headers([*ingests.ice_servers, *(relays.servers() if relays else ())]):
            response.headers.append("Link", link)

    async def publish(request: Request) -> Response:
        token = _token(request)
        await ingests.recognise(token)
        demand_type(request, SDP, {"Accept-Post": SDP})
        sdp = await _body(request, SDP_BYTES_MAX)
        ingest, answer = await ingests.publish(token, sdp, _asker(request))
        response = Response(answer, 201, media_type=SDP)
        response.headers["Location"] = f"{request.url.path.rstrip('/')}/{ingest.id}"
        response.headers["ETag"] = ingest.etag
        response.headers["Accept-Patch"] = SDP_FRAGMENT
        link_to_servers(response)
        return response

    async def trickle(request: Request) -> Response:
        ingest = _find(ingests, request)
        demand_type(request, SDP_FRAGMENT, {"Accept-Patch": SDP_FRAGMENT})
        _demand_match(request, ingest)
        if ingest.patches >= PATCHES_MAX:
            raise Problem(
                429, "Too many requests", "This ingest has had its fill of candidates.", "POST anew."
            )
        ingest.patches += 1
        fragment = parse_fragment(await _body(request, FRAGMENT_BYTES_MAX))
        if fragment.ufrag and fragment.ufrag != ingest.offer.ufrag:
            raise _no_restart()
        await ingest.add_candidates(fragment.candidates)
        return Response(status_code=204)

    async def goodbye(request: Request) -> Response:
        ingest = _find(ingests, request)
        given = request.query_params.get("cause", EndCause.STOPPED.value)
        cause = next((cause for cause in CAUSES if cause.value == given), None)
        if cause is None:
            known = ", ".join(cause.value for cause in CAUSES)
            raise Problem(400, "Unknown cause", "This cause is not known.", f"Give one of {known}, or none.")
        ingest.finish_soon(cause)
        await asyncio.wait([asyncio.ensure_future(ingest.ended.wait())], timeout=GOODBYE_S)
        return Response(status_code=200)

    async def preflight(request: Request) -> Response:
        response = Response(status_code=204, headers=_offered("ingest_id" in request.path_params))
        if "authorization" in request.headers:
            await ingests.recognise(_token(request))
            link_to_servers(response)
        return response

    router.add_api_route("/whip", _for_anybody(publish), methods=["POST"])
    router.add_api_route(ONE, _for_anybody(trickle), methods=["PATCH"])
    router.add_api_route(ONE, _for_anybody(goodbye), methods=["DELETE"])
    for path, allowed, rest in (
        ("/whip", ALLOWED, ["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        (ONE, ALLOWED_OF_ONE, ["GET", "HEAD", "PUT", "POST"]),
    ):
        router.add_api_route(path, _for_anybody(preflight), methods=["OPTIONS"], include_in_schema=False)
        router.add_api_route(path, _for_anybody(_refuse_but(allowed)), methods=rest, include_in_schema=False)
    return router


def _offered(one: bool) -> dict[str, str]:
    """What a browser of another origin may send: to the endpoint, or to one ingest."""
    methods = ALLOWED_OF_ONE if one else ALLOWED
    headers = {
        "Allow": methods,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
        "Access-Control-Max-Age": "86400",
    }
    return headers | ({"Accept-Patch": SDP_FRAGMENT} if one else {"Accept-Post": SDP})


def _refuse_but(allowed: str) -> Handler:
    """Answers every other method with 405."""

    async def refuse(request: Request) -> Response:
        raise Problem(
            405,
            "Method not allowed",
            f"WHIP has no {request.method} here.",
            f"Use {allowed}.",
            headers={"Allow": allowed},
        )

    return refuse


def _for_anybody(handler: Handler) -> Handler:
    """Adds what browsers of other origins need, to answers and to refusals alike."""

    @wraps(handler)
    async def answered(request: Request) -> Response:
        try:
            response = await handler(request)
        except (Problem, CoreError, CaptureError) as error:
            raise refusal(error) from error
        response.headers.update(_ANYBODY)
        return response

    return answered


def refusal(error: Problem | CoreError | CaptureError) -> Problem:
    """The problem for a publisher, whatever page it is."""
    problem = _problem(error)
    problem.headers = {**_ANYBODY, **problem.headers}
    return problem


def _problem(error: Problem | CoreError | CaptureError) -> Problem:
    if not isinstance(error, CaptureError):
        return refused(error)
    if isinstance(error, IngestsFull):
        return Problem(503, "Full", error.detail, error.remedy, headers={"Retry-After": str(RETRY_AFTER_S)})
    if isinstance(error, OtherPublishes):
        return Problem(423, "Recorded elsewhere", error.detail, error.remedy)
    status, title = (
        (400, "Not understood") if isinstance(error, OfferGarbled) else (422, "Cannot be recorded")
    )
    return Problem(status, title, error.detail, error.remedy)


def _asker(request: Request) -> Asker:
    page = request.query_params.get("page", "")
    if not is_page(page):
        raise Problem(400, "Unknown page", "This cannot be a page's id.", "Give letters, digits and hyphens.")
    return Asker(page, request.query_params.get("instead") == "1")


def _token(request: Request) -> str:
    return bearer_token(request, "the stream's ingest token")


def _find(ingests: Ingests, request: Request) -> Ingest:
    ingest = ingests.find(request.path_params["ingest_id"], _token(request))
    if ingest is None:
        raise Problem(
            404, "No such ingest", "This ingest has ended or never was.", "POST to /whip to begin anew."
        )
    return ingest


def _demand_match(request: Request, ingest: Ingest) -> None:
    """RFC 9725 section 4.3.1: candidates name the ICE session that they belong to."""
    given = request.headers.get("if-match")
    if given is None:
        raise Problem(
            428,
            "If-Match missing",
            "A PATCH has to name the ICE session.",
            "Send the answer's ETag as If-Match.",
        )
    if given.strip() == "*":
        raise _no_restart()
    if ingest.etag not in (part.strip() for part in given.split(",")):
        raise Problem(
            412,
            "Another ICE session",
            "This ETag is not the ingest's.",
            "Send the ETag of the answer to your POST.",
        )


def _no_restart() -> Problem:
    return Problem(
        422,
        "No ICE restart",
        "An ICE restart is not supported.",
        "POST a new offer; it takes this ingest's place.",
    )


async def _body(request: Request, limit: int) -> str:
    received = await bounded_body(request, limit, "Send less in one request.")
    try:
        return received.decode()
    except UnicodeDecodeError:
        raise OfferGarbled(
            "The body is no text in UTF-8.", "Send the description as your WebRTC stack made it."
        ) from None
