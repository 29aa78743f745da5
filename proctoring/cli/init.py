"""`proctoring init` makes what is missing."""

import time
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy.exc import OperationalError

from proctoring.cli.output import common, show
from proctoring.compose.key_service import prepare_key_service
from proctoring.compose.prepare import prepare, prepare_secrets
from proctoring.compose.stores import erasable, prepare_store
from proctoring.errors import Unavailable
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Settings
from storage.errors import StoreFailed

RETRY_S = 1.0


@click.command()
@click.option(
    "--secrets", "only_secrets", is_flag=True, help="Only files: keys, and a secret for every part beside us."
)
@click.option("--wait", "wait_s", type=float, default=0.0, help="Seconds to wait for database and store (0).")
@common
def init(data: Path | None, only_secrets: bool, wait_s: float) -> None:
    """Make data folder, schema and keys; on MinIO bucket, users and policies, on a key service its engine,
    policies and logins; harmless to repeat."""
    settings = configuration.load(data=data)
    if only_secrets:
        made = prepare_secrets(settings)
    else:
        made = _patiently(lambda: prepare(settings), wait_s)
        made += _patiently(lambda: prepare_store(settings), wait_s)
        made += _patiently(lambda: prepare_key_service(settings), wait_s)
    cautions = [] if only_secrets else _cautions(settings, made)
    lines = [*(f"made {thing}" for thing in made), *(f"CAREFUL: {caution}" for caution in cautions)]
    show(
        {"made": made} | ({"careful": cautions} if cautions else {}),
        "\n".join(lines) or "everything is there already",
    )


def _cautions(settings: Settings, made: list[str]) -> list[str]:
    """What could keep recordings in the store beyond their due date. Raises Unavailable when it keeps all of
    them; says before what was made."""
    try:
        return erasable(settings)
    except (Unavailable, StoreFailed):
        for thing in made:
            click.echo(f"made {thing}", err=True)
        raise


def _patiently(work: Callable[[], list[str]], wait_s: float) -> list[str]:
    """Again until the part that it needs is there, or raises Unavailable when it does not come."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return work()
        except (OperationalError, Unavailable) as error:
            if time.monotonic() >= deadline:
                if isinstance(error, Unavailable):
                    raise
                raise Unavailable(
                    "The database does not answer.", "Start it, or correct PROCTORING_DATABASE_URL."
                ) from error
        time.sleep(RETRY_S)
