"""`proctoring serve`: the whole service in one process, with the embedded defaults."""

import asyncio
import gc
import logging
from pathlib import Path

import click
import uvicorn

from proctoring import logs
from proctoring import settings as configuration
from proctoring.cli import demo
from proctoring.cli.app import create_app
from proctoring.cli.compose import assemble, prepare, remember_address
from proctoring.cli.output import common
from proctoring.settings import Env

STOP_S_MAX = 10


@click.command()
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")
@click.option(
    "--demo", "with_demo", is_flag=True, help="The first time, record a simulated candidate; print links."
)
@common
def serve(data: Path | None, host: str | None, port: int | None, with_demo: bool) -> None:
    """Everything in one process: SQLite, folder store, key file, in-process jobs."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data, host=host, port=port)
    for thing in prepare(settings):
        click.echo(f"made {thing}")
    if settings.env is Env.DEV:
        click.echo("PROCTORING_ENV=dev: for trying out only; insecure settings are let through.")
    remember_address(settings)
    made = assemble(settings)
    config = uvicorn.Config(
        create_app(made),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        log_level="warning",
        timeout_graceful_shutdown=STOP_S_MAX,
        server_header=False,
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers a flag, no event
            await asyncio.sleep(0.05)
        if server.started:
            gc.collect()
            gc.freeze()  # what the start made lives on; no later collection has to walk it while media waits
            click.echo(f"serving {settings.base_url}")
            if with_demo:
                await demo.run(made, still_serving=lambda: not serving.done())
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())
    made.core.db.close()
    if not server.started:
        raise SystemExit(1)
