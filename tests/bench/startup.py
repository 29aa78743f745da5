"""`python -m tests.bench.startup`: how long each process takes to serve, and what it holds at rest.

Seconds from the start of the command to its first answer on `/healthz`, or to its end; processor seconds
until then; resident memory REST_S later, of the whole tree. The median of RUNS. `worker` and `beat` have no
address: they are measured once READY_S have passed, and are left out where there is no Redis.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench import meters
from tests.support.redis import redis_url
from tests.support.service import Service, clean_environment

RUNS = 3
REST_S = 3.0
READY_S = 8.0
SERVING = {
    "serve": ("serve",),
    "capture": ("capture",),
    "capture --processes 2": ("capture", "--processes", "2"),
    "review": ("review",),
}
QUEUED = ("worker", "beat")
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """`seconds` is None of a process that has no address."""

    seconds: float | None
    cpu_s: float
    rss_bytes: int | None


def figures(folder: Path) -> Iterator[tuple[str, Cost]]:
    """Each process and command by its name."""
    data = folder / "data"
    made = Service(data)
    made.run("init")
    session = made.invite()["session_id"]
    for name, words in SERVING.items():
        yield name, _median([_served(data, words) for _ in range(RUNS)])
    with ExitStack() as stack:
        try:
            redis = stack.enter_context(redis_url(folder))
        except pytest.skip.Exception as skipped:
            print(f"worker, beat: {skipped}")
        else:
            for name in QUEUED:
                yield name, _queued(data, name, redis)
    for words in (("--help",), ("session", "show", session, "--data", str(data))):
        name = " ".join(words[:2])
        yield name, _median([_run(words) for _ in range(RUNS)])


def _command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "proctoring", *words]


def _served(data: Path, words: tuple[str, ...]) -> Cost:
    service = Service(data, command=_command(words))
    begun_s = time.monotonic()
    service.start()
    seconds = time.monotonic() - begun_s
    try:
        cpu_s = meters.cpu_s(service.pid)
        time.sleep(REST_S)
        return Cost(seconds, cpu_s, meters.rss_bytes(service.pid))
    finally:
        service.stop()


def _queued(data: Path, name: str, redis: str) -> Cost:
    environment = clean_environment() | {"PROCTORING_REDIS_URL": redis}
    with (data.parent / f"{name}.log").open("wb") as log:
        words = [*_command((name,)), "--data", str(data)]
        process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=data.parent)
    try:
        time.sleep(READY_S)
        return Cost(None, meters.cpu_s(process.pid), meters.rss_bytes(process.pid))
    finally:
        process.terminate()
        process.wait()


def _run(words: tuple[str, ...]) -> Cost:
    begun_s, before = time.monotonic(), meters.ended_children_cpu_s()
    subprocess.run(_command(words), check=True, stdout=subprocess.DEVNULL, env=clean_environment())
    return Cost(time.monotonic() - begun_s, meters.ended_children_cpu_s() - before, None)


def _median(costs: list[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.cpu_s)[len(costs) // 2]


def line(name: str, cost: Cost) -> str:
    """One row of the table."""
    seconds = "-" if cost.seconds is None else f"{cost.seconds:.2f}"
    rss = "-" if cost.rss_bytes is None else f"{cost.rss_bytes / MIB:.0f}"
    return f"{name:24} {seconds:>9} {cost.cpu_s:>9.2f} {rss:>9}"


def main() -> None:
    """Prints the table, row by row."""
    print(f"{'':24} {'s':>9} {'CPU s':>9} {'MiB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, cost in figures(Path(folder)):
            print(line(name, cost), flush=True)


if __name__ == "__main__":
    main()
