"""`proctoring init` makes what is missing."""

from pathlib import Path

import click

from proctoring import settings as configuration
from proctoring.cli.output import common, show
from proctoring.cli.prepare import prepare
from proctoring.cli.stores import prepare_store


@click.command()
@common
def init(data: Path | None) -> None:
    """Make data folder, schema and keys, and on MinIO bucket, users and policies; harmless to repeat."""
    settings = configuration.load(data=data)
    made = prepare(settings) + prepare_store(settings)
    show({"made": made}, "\n".join(f"made {thing}" for thing in made) or "everything is there already")
