"""`proctoring serve`: the whole service in one process; `review`: that edge alone."""

import logging
from pathlib import Path

import click

from proctoring import logs
from proctoring.cli import demo
from proctoring.cli.output import common
from proctoring.cli.serving import StillServing, alone_in, listening, run
from proctoring.compose.app import create_app, review_edge, whole_app
from proctoring.compose.parts import assemble, review_parts
from proctoring.compose.prepare import prepare, prepare_folder
from proctoring.data_folder import DataFolder, remember_address
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Env, Settings

host_option = click.option("--host", help="Address to listen on (127.0.0.1).")
port_option = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")


@click.command()
@host_option
@port_option
@click.option(
    "--demo", "with_demo", is_flag=True, help="The first time, record a simulated candidate; print links."
)
@click.option("--verbose", is_flag=True, help="With --demo: the log here, and not in serve.log below --data.")
@common
def serve(data: Path | None, host: str | None, port: int | None, with_demo: bool, verbose: bool) -> None:
    """Everything in one process: SQLite, folder store, key file, in-process jobs."""
    settings = load_settings(data, host, port)
    made_folder = prepare_folder(settings.data)
    with alone_in(settings.data), listening(settings) as sockets:
        if with_demo and not verbose:
            log_file = DataFolder(settings.data).log
            logs.configure(logging.INFO, log_file)
            click.echo(f"log: {log_file}; `--verbose` shows it here")
        for thing in made_folder + prepare(settings):
            click.echo(f"made {thing}")
        if settings.checkpoint_copy is None:
            click.echo("PROCTORING_CHECKPOINT_COPY is not set: a restored old backup is not noticed.")
        made = assemble(settings)
        remember_address(settings.data, settings.host, settings.port, settings.env)

        async def show_demo(still_serving: StillServing) -> None:
            await demo.run(made, still_serving)

        run(made.core, whole_app(made), sockets, show_demo if with_demo else None)


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


def load_settings(data: Path | None, host: str | None, port: int | None, **more: object) -> Settings:
    """As the command line and the environment say. Raises Invalid."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data, host=host, port=port, **more)
    if settings.env is Env.DEV:
        click.echo("PROCTORING_ENV=dev: for trying out only; insecure settings are let through.")
    return settings
