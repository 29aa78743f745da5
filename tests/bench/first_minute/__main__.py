"""`python -m tests.bench.first_minute`: what an exam's first minute costs, as three tables.

    polls       CPU of one status poll, of one process and of two with their front
    set-up      CPU of one connection's set-up, beside Janus's
    arrivals    candidates who arrive within WITHIN_S at two processes: 95th percentiles, failures, CPU

The service has a core and the load another, as in `make bench`. `arrivals` has both cores for all: its
figures are what a machine of two cores does, with the load on it.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import uvloop

from proctoring.cli.simulate import invite
from proctoring.compose.parts import parts
from tests.bench import meters
from tests.bench.first_minute.arrivals import Arrival, arrive
from tests.bench.first_minute.browser import Browser, Timings
from tests.bench.generator import Generator, cores, own_address
from tests.bench.load.clip import clip
from tests.bench.load.pace import Pace
from tests.bench.load.publisher import send_from
from tests.bench.receivers import Janus, Ours, Receiver
from tests.support.service import Service

COMMANDS = {"one process": ("capture",), "front and two": ("capture", "--processes", "2")}
SETTLE_S = 2.0
POLLED_S = 15.0
PAGES = 50
POLLS_PER_S = 100.0
CONNECTIONS = 60
NO_MEDIA_S = 600.0
CANDIDATES = 300
PUBLISHING = 84
WITHIN_S = 60.0


def started(folder: Path, words: Sequence[str]) -> Service:
    """A capture command over an empty data folder."""
    media = {"PROCTORING_MEDIA_ADDRESSES": f'["{own_address()}"]'}
    service = Service(folder / "data", media, [sys.executable, "-m", "proctoring", *words])
    service.run("init")
    return service.start()


def invited(service: Service, candidates: int, publishing: int) -> list[Arrival]:
    """So many sessions, of which the first `publishing` have streams."""
    made = parts(service.data)
    try:
        sessions = invite(made, candidates)
    finally:
        made.core.db.close()
    return [
        Arrival(
            service.url + urlsplit(one["candidate_url"]).path,
            list(one["tokens"].values()) if number < publishing else (),
        )
        for number, one in enumerate(sessions)
    ]


async def poll(arrivals: Sequence[Arrival], timings: Timings, seconds: float) -> int:
    """Every page asks in turn, POLLS_PER_S in all. How often they did."""
    every_s, polls = len(arrivals) / POLLS_PER_S, 0
    ends_s = time.monotonic() + seconds

    async def page(number: int, arrival: Arrival) -> None:
        nonlocal polls
        browser, home = Browser(arrival.url, timings), urlsplit(arrival.url).path
        await asyncio.sleep(number / POLLS_PER_S)
        while (asked_s := time.monotonic()) < ends_s:
            await browser.get("status", f"{home}/status.json")
            polls += 1
            await asyncio.sleep(max(0.0, asked_s + every_s - time.monotonic()))
        browser.close()

    await asyncio.gather(*(page(number, one) for number, one in enumerate(arrivals)))
    return polls


def poll_ms(folder: Path, words: Sequence[str]) -> tuple[float, Timings]:
    """CPU of the whole tree for one poll, without what it takes at rest."""
    with meters.on_core(cores()[0]):
        service = started(folder, words)
    try:
        arrivals, timings = invited(service, PAGES, 0), Timings()
        with meters.on_core(cores()[1]):
            uvloop.run(poll(arrivals, timings, SETTLE_S))
            rest = _share(service, SETTLE_S)
            cpu_s, begun_s, timings = meters.cpu_s(service.pid), time.monotonic(), Timings()
            polls = uvloop.run(poll(arrivals, timings, POLLED_S))
            cpu_s = meters.cpu_s(service.pid) - cpu_s - rest * (time.monotonic() - begun_s)
        return cpu_s / polls * 1000, timings
    finally:
        service.stop()


def set_up_ms(kind: type[Receiver], folder: Path) -> float:
    """CPU of one connection from its offer until it is up, before any media."""
    receiver = kind(folder, CONNECTIONS, own_address())
    try:
        with meters.on_core(cores()[0]):
            receiver.start()
        cpu_s = meters.cpu_s(receiver.pid)
        with Generator(receiver, receiver.address, 0.0, 0.0, begin_s=NO_MEDIA_S) as generator:
            generator.line()
            return (meters.cpu_s(receiver.pid) - cpu_s) / CONNECTIONS * 1000
    finally:
        receiver.stop()


async def _first_minute(arrivals: Sequence[Arrival], timings: Timings) -> int:
    pace = Pace(clip())
    sending = asyncio.create_task(pace.run())
    async with httpx2.AsyncClient(trust_env=False, timeout=30.0, limits=httpx2.Limits()) as http:
        streams = await arrive(arrivals, WITHIN_S, http, pace, timings)
    pace.stopped = True
    await sending
    return streams


def arrivals_table(folder: Path, candidates: int, publishing: int) -> str:
    """Milliseconds of each answer, failures, streams, and the share of a core."""
    service = started(folder, COMMANDS["front and two"])
    try:
        coming, timings = invited(service, candidates, publishing), Timings()
        send_from(own_address())
        cpu_s, begun_s = meters.cpu_s(service.pid), time.monotonic()
        streams = uvloop.run(_first_minute(coming, timings))
        share = (meters.cpu_s(service.pid) - cpu_s) / (time.monotonic() - begun_s)
    finally:
        service.stop()
    lines = [f"{'':24} {'answers':>9} {'p50 ms':>9} {'p95 ms':>9}"]
    lines += [_line(what, seconds) for what, seconds in timings.seconds.items()]
    wanted = sum(len(one.tokens) for one in coming)
    lines.append(
        f"{len(timings.failures)} failures {timings.failures[:3]}; {streams} of {wanted} streams up;"
    )
    return "\n".join([*lines, f"{share:.2f} of a core for front and processes"])


def _share(service: Service, seconds: float) -> float:
    cpu_s = meters.cpu_s(service.pid)
    time.sleep(seconds)
    return (meters.cpu_s(service.pid) - cpu_s) / seconds


def _line(what: str, seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return f"{what:24} {len(seconds):>9} {cuts[9] * 1000:>9.1f} {cuts[18] * 1000:>9.1f}"


def main() -> None:
    """Prints the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description="An exam's first minute.")
    parser.add_argument("parts", nargs="*", default=["polls", "set-up", "arrivals"])
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    parser.add_argument("--publishing", type=int, default=PUBLISHING)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for number, part in enumerate(args.parts):
            folder = Path(name) / str(number)
            folder.mkdir()
            print(part, flush=True)
            if part == "polls":
                for shape, words in COMMANDS.items():
                    (inner := folder / str(len(words))).mkdir()
                    ms, timings = poll_ms(inner, words)
                    print(f"{shape:24} {ms:9.2f} ms of CPU a status poll; {len(timings.failures)} failures")
                    print(_line("status", timings.seconds["status"]), flush=True)
            elif part == "set-up":
                for kind in (Ours, Janus):
                    (inner := folder / kind.name).mkdir()
                    why_not = kind.why_not()
                    figure = why_not or f"{set_up_ms(kind, inner):9.2f} ms of CPU a set-up"
                    print(f"{kind.name:24} {figure}", flush=True)
            else:
                print(arrivals_table(folder, args.candidates, args.publishing), flush=True)


if __name__ == "__main__":
    main()
