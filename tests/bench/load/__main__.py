"""`python -m tests.bench.load`: publishes one clip many times over; prints one JSON line when all are
connected, and one at the end, when the receiver has been told goodbye and has stored what it got. SIGUSR1
brings the end about before its time.

    --whip URL --tokens FILE      one publisher for each line of FILE (an empty line: no token)
    --janus URL --publishers N    N publishers in Janus's videoroom
"""

import argparse
import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx2
import uvloop

from tests.bench.load.clip import clip
from tests.bench.load.pace import BEGIN_S, LATE_MS, Pace
from tests.bench.load.publisher import Publisher, send_from
from tests.bench.load.signalling import Janus, Signalling, Whip

AT_ONCE = 4  # connecting
LEAVING = 32
ANSWER_S_MAX = 60.0


async def publish(args: argparse.Namespace) -> None:
    """Connects all, sends for `args.seconds` after the last one is connected, leaves."""
    enough = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, enough.set)
    pace = Pace(clip(), args.begin)
    async with httpx2.AsyncClient(trust_env=False, timeout=ANSWER_S_MAX, limits=httpx2.Limits()) as http:
        publishers = [Publisher(number, way) for number, way in enumerate(ways(args, http))]
        running = asyncio.create_task(pace.run())
        begun_s = time.monotonic()
        await _each(AT_ONCE, publishers, pace)
        _say(connected=len(publishers), connecting_s=round(time.monotonic() - begun_s, 1))
        await asyncio.sleep(args.settle)
        pace.settle()
        cpu_s, begun_s = time.process_time(), time.monotonic()
        packets, octets = sum(one.packets for one in publishers), sum(one.octets for one in publishers)
        with suppress(TimeoutError):
            await asyncio.wait_for(enough.wait(), args.seconds)
        elapsed_s = time.monotonic() - begun_s
        share = (time.process_time() - cpu_s) / elapsed_s
        packets, octets = (
            sum(one.packets for one in publishers) - packets,
            sum(one.octets for one in publishers) - octets,
        )
        pace.stopped = True
        await running
        await _leave(publishers)
        feedback: Counter[str] = sum((one.feedback for one in publishers), Counter())
        _say(
            publishers=len(publishers),
            frames=[one.frames for one in publishers],
            sounds=[one.sounds for one in publishers],
            packets_per_s=round(packets / elapsed_s),
            bits_per_stream_s=round(octets * 8 / elapsed_s / len(publishers)),
            cpu_share=round(share, 3),
            late_share=round(pace.late_share, 5),
            late_ms_max=round(pace.late_ms_max, 1),
            late_ms=LATE_MS,
            feedback=dict(feedback),
        )


def ways(args: argparse.Namespace, http: httpx2.AsyncClient) -> list[Signalling]:
    """Each publisher's way to the receiver."""
    if args.janus:
        return [Janus(http, args.janus) for _ in range(args.publishers)]
    return [Whip(http, args.whip, token) for token in args.tokens.read_text().splitlines()]


async def _each(at_once: int, publishers: Sequence[Publisher], pace: Pace) -> None:
    slots = asyncio.Semaphore(at_once)

    async def connect(publisher: Publisher) -> None:
        async with slots:
            await publisher.connect()
            pace.add(publisher)

    await asyncio.gather(*map(connect, publishers))


async def _leave(publishers: Sequence[Publisher]) -> None:
    slots = asyncio.Semaphore(LEAVING)

    async def close(publisher: Publisher) -> None:
        async with slots:
            await publisher.close()

    await asyncio.gather(*map(close, publishers))


def _say(**line: object) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    """Reads the command line; stays on the one address."""
    parser = argparse.ArgumentParser(description="Many cheap publishers of one clip.")
    parser.add_argument("--whip", help="WHIP endpoint")
    parser.add_argument("--tokens", type=Path, help="file with an ingest token a line")
    parser.add_argument("--janus", help="Janus's HTTP transport")
    parser.add_argument("--publishers", type=int, default=1)
    parser.add_argument("--address", default="127.0.0.1", help="the machine's own address to send from")
    parser.add_argument(
        "--settle", type=float, default=6.0, help="seconds after connecting that do not count"
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--begin", type=float, default=BEGIN_S, help="seconds until a connection has media")
    args = parser.parse_args()
    send_from(args.address)
    uvloop.run(publish(args))


main()
