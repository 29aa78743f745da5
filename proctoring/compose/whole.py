"""All edges in one process, as `proctoring serve` has them."""

from fastapi import FastAPI

from proctoring.compose.app import Edge, create_app
from proctoring.compose.capture_edge import capture_edge
from proctoring.compose.jobs import jobs
from proctoring.compose.parts import Parts, WorkerParts
from proctoring.compose.review_edge import review_edge
from proctoring.jobs import PeriodicJob


def worker_edge(made: WorkerParts) -> Edge:
    """The jobs, in the serving process itself."""
    return Edge(
        checks={"store": made.objects.check},
        running=[PeriodicJob(job) for job in jobs(made)],
    )


def whole_app(made: Parts) -> FastAPI:
    """Capture, review and retention in one process."""
    return create_app(
        made.core, capture_edge(made.capture), review_edge(made.review), worker_edge(made.worker)
    )
