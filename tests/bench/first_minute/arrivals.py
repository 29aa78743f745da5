"""Candidates who arrive: notice, admission, exam page, status polls, and of some of them three streams."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from tests.bench.first_minute.browser import Browser, Timings
from tests.bench.load.pace import Pace
from tests.bench.load.publisher import Publisher
from tests.bench.load.signalling import Whip

POLL_EVERY_S = 2.0
PUBLISHES_AFTER_S = 1.0
WHIP = "WHIP POST"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One candidate: the address of the pages, and the tokens of the streams that are published."""

    url: str
    tokens: Sequence[str]


class TimedWhip(Whip):
    """A WHIP endpoint whose answers are timed."""

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str, timings: Timings) -> None:
        super().__init__(http, url, token)
        self._timings = timings

    async def answer(self, offer: str) -> str:
        begun_s = time.perf_counter()
        answer = await super().answer(offer)
        self._timings.seconds[WHIP].append(time.perf_counter() - begun_s)
        return answer


async def arrive(
    arrivals: Sequence[Arrival], within_s: float, http: httpx2.AsyncClient, pace: Pace, timings: Timings
) -> int:
    """All come evenly `within_s`, and each polls until all are there. How many streams are connected."""
    ends_s = time.monotonic() + within_s
    candidates = (
        _candidate(one, number * within_s / len(arrivals), ends_s, http, pace, timings)
        for number, one in enumerate(arrivals)
    )
    return sum(await asyncio.gather(*candidates))


async def _candidate(
    arrival: Arrival, after_s: float, ends_s: float, http: httpx2.AsyncClient, pace: Pace, timings: Timings
) -> int:
    await asyncio.sleep(after_s)
    browser = Browser(arrival.url, timings)
    home = urlsplit(arrival.url).path
    await browser.get("notice", home)
    await browser.post("admission", f"{home}/admit")
    await browser.get("exam page", f"{home}/exam")
    whip = f"{arrival.url.removesuffix(home)}/whip"
    streams = [
        asyncio.create_task(_stream(number, TimedWhip(http, whip, token, timings), pace, timings))
        for number, token in enumerate(arrival.tokens)
    ]
    while time.monotonic() < ends_s:
        asked_s = time.monotonic()
        await browser.get("status", f"{home}/status.json")
        await asyncio.sleep(max(0.0, asked_s + POLL_EVERY_S - time.monotonic()))
    browser.close()
    return sum(await asyncio.gather(*streams))


async def _stream(number: int, whip: TimedWhip, pace: Pace, timings: Timings) -> bool:
    await asyncio.sleep(PUBLISHES_AFTER_S)
    publisher = Publisher(number, whip)
    try:
        await publisher.connect()
    except (httpx2.HTTPError, RuntimeError, TimeoutError) as error:
        timings.failures.append(f"{WHIP}: {error!r}")
        return False
    pace.add(publisher)
    return True
