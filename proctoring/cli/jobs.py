"""List of the background jobs; `proctoring worker` does them, `proctoring beat` says when."""

import logging
from collections.abc import Sequence
from pathlib import Path

import click

from proctoring import logs
from proctoring import settings as configuration
from proctoring.cli.compose import WorkerParts, watch, worker_parts
from proctoring.cli.output import common
from proctoring.custody.checkpoints import CHECKPOINT_INTERVAL_S
from proctoring.jobs import Job, celery_app
from proctoring.proofs.job import REPLAY_INTERVAL_S
from proctoring.settings import Settings

ROTATION_INTERVAL_S = 3600.0


def intervals(settings: Settings) -> dict[str, float]:
    """The name of every job and how often it is done, in seconds."""
    return {
        "retention": float(settings.purge_interval_s),
        "keys": ROTATION_INTERVAL_S,
        "quarantine": CHECKPOINT_INTERVAL_S,
        "checkpoints": CHECKPOINT_INTERVAL_S,
        "replay": REPLAY_INTERVAL_S,
    }


def jobs(made: WorkerParts) -> Sequence[Job]:
    """Every job of the service over these parts."""
    every = intervals(made.core.settings)
    return (
        Job("retention", made.eraser().run, every["retention"]),
        Job("keys", made.rotation().run, every["keys"]),
        Job("quarantine", watch(made.core).look, every["quarantine"]),
        Job("checkpoints", made.checkpoints().run, every["checkpoints"]),
        Job("replay", made.ledger_replay().run, every["replay"]),
    )


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
