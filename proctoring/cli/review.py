"""`proctoring review`: the review edge alone."""

from pathlib import Path

import click

from proctoring.cli.address import host_option, load_settings, port_option
from proctoring.cli.output import common
from proctoring.cli.serving import listening, run
from proctoring.compose.app import create_app
from proctoring.compose.parts import review_parts
from proctoring.compose.review_edge import review_edge


@click.command()
@host_option
@port_option
@common
def review(data: Path | None, host: str | None, port: int | None) -> None:
    """Staff's pages and the player; may only open. Needs no signing key, and no key to delete."""
    settings = load_settings(data, host, port)
    made = review_parts(settings)
    with listening(settings) as sockets:
        run(made.core, create_app(made.core, review_edge(made)), sockets)
