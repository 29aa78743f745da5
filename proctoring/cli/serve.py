"""`proctoring serve`: the whole service in one process."""

import logging
from pathlib import Path

import click

from proctoring import logs
from proctoring.cli import demo
from proctoring.cli.address import host_option, load_settings, port_option
from proctoring.cli.output import common
from proctoring.cli.serving import StillServing, alone_in, listening, run
from proctoring.compose.parts import assemble
from proctoring.compose.prepare import prepare, prepare_folder
from proctoring.compose.whole import whole_app
from proctoring.data_folder import DataFolder, remember_address


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
