"""Report of a capture process to the front about its load. It contains no secret, and the front does not
publish it.
"""

import time
from collections import Counter
from collections.abc import Sequence

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict

from capture.identity_recorder import Accepting
from capture.publish.ingests import Ingests
from capture.spool.spool import Spool
from proctoring.clock import to_unix_ms

PATH = "/load"
FIGURES_PATH = "/load/figures"
PATHS = frozenset({PATH, FIGURES_PATH})


class Report(BaseModel):
    """Seconds of processor time, how many streams there are of each session, bytes that wait to be stored.
    `accepted`: up to when each open take is in the spool, in Unix milliseconds."""

    model_config = ConfigDict(frozen=True)
    cpu_s: float
    streams: dict[str, int]
    spool_bytes: int
    accepted: dict[str, int]


def routes(registries: Sequence[Ingests], spool: Spool, here: Accepting) -> APIRouter:
    """The endpoint of a capture process of a front."""
    router = APIRouter(include_in_schema=False)

    @router.get(FIGURES_PATH)
    def figures() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @router.get(PATH)
    async def load() -> Report:
        streams = sum((registry.streams() for registry in registries), Counter[str]())
        accepted = here.accepted_until()
        return Report(
            cpu_s=time.process_time(),
            streams=streams,
            spool_bytes=spool.depth_bytes,
            accepted={take_id: to_unix_ms(until) for take_id, until in accepted.items()},
        )

    return router
