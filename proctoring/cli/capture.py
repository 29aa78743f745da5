"""`proctoring capture`: the capture edge in one process, or a front that starts several.

With `--processes N` this is the front; it starts the command again for each, with `--number` and `--socket`.
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
from fastapi import FastAPI

from capture.front.placement import Placements
from capture.front.process import CaptureProcess, CaptureProcesses
from capture.front.proxy import Proxy
from proctoring.cli.address import host_option, load_settings, port_option
from proctoring.cli.output import common
from proctoring.cli.serving import listening, run
from proctoring.compose.app import create_app
from proctoring.compose.capture_edge import capture_edge
from proctoring.compose.front import front_app, session_of
from proctoring.compose.parts import capture_parts, front_core
from proctoring.core import Core
from proctoring.settings.settings import Settings


@click.command()
@host_option
@port_option
@click.option("--processes", type=click.IntRange(1), help="Capture processes, at most one per core (1).")
@click.option("--number", type=click.IntRange(0), hidden=True)
@click.option("--socket", type=click.Path(path_type=Path), hidden=True)
@common
def capture(
    data: Path | None,
    host: str | None,
    port: int | None,
    processes: int | None,
    number: int | None,
    socket: Path | None,
) -> None:
    """Candidates' pages and the ingest; may only seal. Needs no private half of a key."""
    settings = load_settings(data, host, port, capture_processes=processes)
    if number is not None and socket is not None:
        _one_of_several(settings, number, socket)
    elif settings.capture_processes > 1:
        _front(settings)
    else:
        made = capture_parts(settings)
        with listening(settings) as sockets:
            run(made.core, create_app(made.core, capture_edge(made)), sockets)


def _one_of_several(settings: Settings, number: int, socket: Path) -> None:
    made = capture_parts(settings)
    app = create_app(made.core, capture_edge(made, number, settings.capture_processes))
    threading.Thread(target=_end_with_the_front, name="front", daemon=True).start()
    run(made.core, app, socket)


def _end_with_the_front() -> None:
    os.read(sys.stdin.fileno(), 1)  # returns when the front has closed its end, or died
    os.kill(os.getpid(), signal.SIGTERM)


def _front(settings: Settings) -> None:
    if settings.capture_processes > (cores := os.cpu_count() or 1):
        click.echo(
            f"{settings.capture_processes} capture processes on {cores} cores take it from each other."
        )
    core = front_core(settings)
    folder = Path(tempfile.mkdtemp(prefix="proctoring-"))  # 0700: nobody else speaks to the processes
    try:
        with listening(settings) as sockets:
            run(core, _front_app(core, settings, folder), sockets)
    finally:
        shutil.rmtree(folder)


def _front_app(core: Core, settings: Settings, folder: Path) -> FastAPI:
    placements = Placements(time.monotonic)
    members = [
        CaptureProcess(number, _command(settings, number, socket), socket, placements)
        for number in range(settings.capture_processes)
        for socket in [folder / f"capture-{number}.sock"]
    ]
    proxy = Proxy(members, placements, lambda token: session_of(core.links, token))
    return front_app(core, CaptureProcesses(members), placements, proxy)


def _command(settings: Settings, number: int, socket: Path) -> list[str]:
    """Starts one of several, which otherwise reads the same settings."""
    words = [sys.executable, "-m", "proctoring", "capture", "--data", settings.data]
    words += ["--host", settings.host, "--port", settings.port]
    words += ["--processes", settings.capture_processes, "--number", number, "--socket", socket]
    return [str(word) for word in words]
