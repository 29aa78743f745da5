"""`proctoring serve`: the whole service in one process; `review`: that edge alone."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
import uvicorn
from fastapi import FastAPI

from proctoring import allocator, logs
from proctoring import settings as configuration
from proctoring.cli import demo
from proctoring.cli.app import create_app, review_edge, whole_app
from proctoring.cli.compose import assemble, review_parts, watch
from proctoring.cli.output import common
from proctoring.cli.places import remember_address
from proctoring.cli.prepare import prepare
from proctoring.core import Core
from proctoring.descriptors import connections_max, raise_limit
from proctoring.settings import Env, Settings
from proctoring.web.connections import KEEP_ALIVE_S, Connections, bounded

STOP_S_MAX = 10
GARBAGE_AFTER = 20_000  # objects: a second of 256 streams; what media makes dies without being searched for

host_option = click.option("--host", help="Address to listen on (127.0.0.1).")
port_option = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")
StillServing = Callable[[], bool]


@click.command()
@host_option
@port_option
@click.option(
    "--demo", "with_demo", is_flag=True, help="The first time, record a simulated candidate; print links."
)
@common
def serve(data: Path | None, host: str | None, port: int | None, with_demo: bool) -> None:
    """Everything in one process: SQLite, folder store, key file, in-process jobs."""
    settings = load_settings(data, host, port)
    for thing in prepare(settings):
        click.echo(f"made {thing}")
    if settings.checkpoint_copy is None:
        click.echo("PROCTORING_CHECKPOINT_COPY is not set: a restored old backup is not noticed.")
    remember_address(settings.data, settings.host, settings.port)
    made = assemble(settings)

    async def show_demo(still_serving: StillServing) -> None:
        await demo.run(made, still_serving)

    run(made.core, whole_app(made), show_demo if with_demo else None)


@click.command()
@host_option
@port_option
@common
def review(data: Path | None, host: str | None, port: int | None) -> None:
    """Staff's pages and the player; may only open. Needs no signing key, and no key to delete."""
    made = review_parts(load_settings(data, host, port))
    run(made.core, create_app(made.core, review_edge(made)))


def load_settings(data: Path | None, host: str | None, port: int | None, **more: object) -> Settings:
    """As the command line and the environment say. Raises Invalid."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data, host=host, port=port, **more)
    if settings.env is Env.DEV:
        click.echo("PROCTORING_ENV=dev: for trying out only; insecure settings are let through.")
    return settings


def run(
    core: Core,
    app: FastAPI,
    once_serving: Callable[[StillServing], Awaitable[None]] | None = None,
    *,
    socket: Path | None = None,
) -> None:
    """Serve until a signal comes, from a database that was compared with the copy of its proofs; exit 1 when
    it does not come that far. On a Unix socket if one is given. Raises Unavailable."""
    watch(core).look()
    settings = core.settings
    allocator.keep_freed_memory()
    connections = Connections(connections_max(raise_limit()), settings.proxies)
    config = uvicorn.Config(
        app,
        http=bounded(connections),
        host=settings.host,
        port=settings.port,
        uds=str(socket) if socket else None,
        loop="uvloop",
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S_MAX,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        server_header=False,
        date_header=socket is None,  # else the front says it
    )
    server = app.state.server = uvicorn.Server(config)

    async def serve_until_stopped() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers a flag, no event
            await asyncio.sleep(0.05)
        if server.started:
            gc.collect()
            gc.set_threshold(GARBAGE_AFTER)
            gc.freeze()  # what the start made lives on; no later collection has to walk it while media waits
            if socket is None:
                click.echo(f"serving {settings.base_url}")
            if once_serving is not None:
                await once_serving(lambda: not serving.done())
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve_until_stopped())
    core.db.close()
    if not server.started:
        raise SystemExit(1)
