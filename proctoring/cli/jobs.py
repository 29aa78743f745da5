"""Commands for background jobs: `proctoring worker` does them, `proctoring beat` says when."""

import logging
from pathlib import Path

import click

from proctoring import logs
from proctoring.cli.output import common
from proctoring.compose.jobs import intervals, jobs
from proctoring.compose.parts import WorkerParts, watch, worker_parts
from proctoring.jobs import celery_app
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Settings


@click.command()
@common
def worker(data: Path | None) -> None:
    """Do the background jobs: erasure, key rotation, checkpoints. Needs PROCTORING_REDIS_URL."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data)
    app = celery_app(settings.required_redis_url, intervals(settings), lambda: jobs(_watched(settings)))
    app.worker_main(["worker", "--concurrency=1", "--loglevel=WARNING", "--without-gossip"])


def _watched(settings: Settings) -> WorkerParts:
    """Nothing is erased before the database was compared with the copy of its proofs. Raises Unavailable."""
    made = worker_parts(settings)
    watch(made.core).look()
    return made


@click.command()
@common
def beat(data: Path | None) -> None:
    """Say when each job is to be done. One is enough; two do no harm."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data)
    app = celery_app(settings.required_redis_url, intervals(settings), tuple)
    schedule = settings.data / "beat-schedule"
    app.start(["beat", "--loglevel=WARNING", f"--schedule={schedule}", "--pidfile="])
