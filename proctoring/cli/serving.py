"""Life of a served application: its address taken first, its parts started, ended by a signal.

A process that cannot begin raises why, before anything of another process was touched: `output.common` makes
it one sentence and exit code 1.
"""

import asyncio
import contextlib
import errno
import fcntl
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import click
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from proctoring import allocator
from proctoring.compose.parts import watch
from proctoring.core import Core
from proctoring.data_folder import running_address
from proctoring.descriptors import connections_max, raise_limit
from proctoring.errors import Conflict, Invalid, Unavailable
from proctoring.migrations import refuse_unknown
from proctoring.settings.settings import Settings
from proctoring.web.connections import KEEP_ALIVE_S, Connections, bounded

STOP_S_MAX = 10
GARBAGE_AFTER = 20_000  # objects: a second of 256 streams; what media makes dies without being searched for
WAITING_MAX = 2048  # connections that the system keeps until they are answered
SIGNALS = (signal.SIGINT, signal.SIGTERM)

StillServing = Callable[[], bool]
OnceServing = Callable[[StillServing], Awaitable[None]]


@contextlib.contextmanager
def alone_in(data: Path) -> Iterator[None]:
    """While inside, no other `serve` can begin on this data folder, which exists. Raises Conflict."""
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(folder)
        if error.errno != errno.EWOULDBLOCK:
            raise
        noted = running_address(data)
        at = f" at http://{noted['host']}:{noted['port']}" if noted else ""
        raise Conflict(
            f"The data folder {data} is being served already{at}.",
            "Use that one, or stop it first; or name another folder (--data) and another port (--port).",
        ) from error
    try:
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[list[socket.socket]]:
    """While inside, the address that the settings name is this process's. Raises Unavailable, Invalid."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(one) for one in _listen(settings.host, settings.port)]


def _listen(host: str, port: int) -> list[socket.socket]:
    taken: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            taken.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(WAITING_MAX)
    except OSError as error:
        for one in taken:
            one.close()
        raise _cannot_listen(error, host, port) from error
    return taken


def _cannot_listen(error: OSError, host: str, port: int) -> Unavailable | Invalid:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            f"Port {port} of {host} is taken by another program.",
            "Stop that program, or choose another port with --port (PROCTORING_PORT; `make run PORT=8001`).",
        )
    if error.errno == errno.EACCES:
        return Unavailable(
            f"This account may not listen on port {port}.", "Choose one above 1023 with --port."
        )
    return Invalid(
        f"Nothing can listen on {host}: {error.strerror}.",
        "Set --host (PROCTORING_HOST) to an address of this machine.",
    )


def run(
    core: Core,
    app: FastAPI,
    at: Sequence[socket.socket] | Path,
    once_serving: OnceServing | None = None,
) -> None:
    """Serve until a signal comes, from a database that was compared with the copy of its proofs.

    `at` is what `listening` took, or the path of a Unix socket. Raises Unavailable, and what a part raises
    that cannot start.
    """
    with contextlib.suppress(OperationalError):  # it is away, and what comes meanwhile waits in the spool
        refuse_unknown(core.db)
    watch(core).look()
    allocator.keep_freed_memory()
    proxies = core.settings.proxies
    connections = Connections(connections_max(raise_limit()), proxies)
    config = uvicorn.Config(
        app,
        http=bounded(connections),
        uds=str(at) if isinstance(at, Path) else None,
        loop="uvloop",
        lifespan="off",  # its own way would print a traceback when a part cannot start
        log_config=None,
        log_level="error",  # its warnings are about what strangers send, a line for each
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S_MAX,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        server_header=False,
        date_header=not isinstance(at, Path),  # else the front says it
    )
    server = app.state.server = uvicorn.Server(config)

    async def serve_until_stopped() -> None:
        async with app.router.lifespan_context(app):
            with _signals_stop_the_server():
                sockets = None if isinstance(at, Path) else list(at)
                serving = asyncio.create_task(server.serve(sockets))
                while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers a flag, no event
                    await asyncio.sleep(0.05)
                if server.started:
                    gc.collect()
                    gc.set_threshold(GARBAGE_AFTER)
                    gc.freeze()  # what the start made lives on; no later collection has to walk it
                    if not isinstance(at, Path):
                        click.echo(f"serving {core.settings.base_url}")
                    if once_serving is not None:
                        await once_serving(lambda: not serving.done())
                await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve_until_stopped())
    core.db.close()


@contextlib.contextmanager
def _signals_stop_the_server() -> Iterator[None]:
    """uvicorn takes the signals for as long as it serves, and raises them again when it has ended: then they
    have done what they should."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
