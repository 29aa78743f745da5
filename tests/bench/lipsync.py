"""`python -m tests.bench.lipsync --minutes 120 --every 240`: do lips and voice stay together for hours?

A real Chromium publishes pictures that carry the wall clock and a beep every two seconds. Its microphone
stalls again and again: the device stands still, or goes and another takes its place. What is stored is read
back as it comes. Prints a line a minute, then the first and the last minutes. Exits 1 when the last ones are
apart by more than APART_MS_MAX, or any beep is that comes ANCHOR_MS after a stall or later.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from proctoring.exams.model import Stream
from tests.media.site import GOODBYE, Site, chromium_page, running_site
from tests.support.lips import PUBLISH, TONE, Beep, Lips

APART_MS_MAX = 80
ANCHOR_MS = 4_000  # of a stall, until the clock of the sound is known again: one segment
AT_ENDS_MS = 120_000
LOOK_S = 5.0
STALLS = tuple(itertools.product(("stand", "change"), (1_600, 6_000, 400)))
PICTURES_PER_S = 15


class Run:
    """What was stored so far, and when the microphone stalled, in Unix milliseconds."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lips: dict[str, Lips] = {}
        self._read: dict[str, int] = {}
        self.beeps: list[Beep] = []
        self.stalls: list[tuple[int, int]] = []
        self.steps = 0

    def look(self) -> list[Beep]:
        """Reads what was stored since, and lets go of it; the beeps in it."""
        found: list[Beep] = []
        for name, take in self._site.recorder.takes.items():
            lips = self._lips.setdefault(name, Lips())
            for place in range(self._read.get(name, 0), len(take.segments)):
                segment = take.segments[place]
                lips.read(segment)
                take.segments[place] = replace(segment, data=b"")
                self._read[name] = place + 1
            if take.segments:
                until_ms = take.segments[-1].start_unix_ms + take.segments[-1].duration_ms
                found += lips.told(float("inf") if take.cause else until_ms - 2_000)
        self.beeps += found
        return found

    def unsettled(self, beep: Beep) -> bool:
        """Whether a stall has just been."""
        return any(begin <= beep.at_ms + TONE["ms"] and beep.at_ms < end + ANCHOR_MS
                   for begin, end in self.stalls)  # fmt: skip


def words(beeps: Sequence[Beep]) -> str:
    """How far apart they are."""
    if not beeps:
        return "no beep"
    apart = [beep.apart_ms for beep in beeps]
    heard, seen = (statistics.median(getattr(beep, one) for beep in beeps) for one in ("heard_ms", "seen_ms"))
    wide = f"{statistics.median(apart):+6.1f} ms ({min(apart):+.0f} to {max(apart):+.0f})"
    return f"{len(beeps):4} beeps, apart {wide}, heard {heard:+.0f}, seen {seen:+.0f}"


def faults(run: Run) -> list[str]:
    """What is above its limit."""
    settled = [beep for beep in run.beeps if not run.unsettled(beep)]
    if not settled:
        return ["no beep was heard"]
    found = []
    last = [beep for beep in settled if beep.at_ms > settled[-1].at_ms - AT_ENDS_MS]
    if (apart_ms := abs(statistics.median(beep.apart_ms for beep in last))) > APART_MS_MAX:
        found.append(f"at the end lips and voice are {apart_ms:.0f} ms apart, limit {APART_MS_MAX}")
    wide = [beep for beep in settled if abs(beep.apart_ms) > APART_MS_MAX]
    if wide:
        worst = max(wide, key=lambda beep: abs(beep.apart_ms))
        found.append(
            f"{len(wide)} of {len(settled)} beeps are further apart, at worst {worst.apart_ms:+.0f} ms"
        )
    return found


@asynccontextmanager
async def _publishing(codec: str) -> AsyncIterator[tuple[Site, Any]]:
    with tempfile.TemporaryDirectory(prefix="lipsync-") as folder:
        async with running_site() as site, chromium_page(site, Path(folder)) as page:
            how = {"token": "webcam", "codec": codec, "rate": PICTURES_PER_S, "tone": TONE}
            await page.evaluate(PUBLISH, how)
            await site.until(lambda: any(take.segments for take in site.takes(Stream.WEBCAM)))
            yield site, page


async def measure(minutes: float, every_s: float, codec: str) -> Run:
    """Records for so long; the microphone stalls every `every_s`."""
    async with _publishing(codec) as (site, page):
        run = Run(site)
        begun = stalled = told = time.monotonic()
        kinds = itertools.cycle(STALLS)
        minute: list[Beep] = []
        while time.monotonic() - begun < minutes * 60:
            await asyncio.sleep(LOOK_S)
            if time.monotonic() - stalled >= every_s:
                stalled = time.monotonic()
                kind, ms = next(kinds)
                since = _now_ms()
                await page.evaluate("([kind, ms]) => pcs.webcam[kind](ms)", [kind, ms])
                run.stalls.append((since, _now_ms()))
            minute += await asyncio.to_thread(run.look)
            if time.monotonic() - told >= 60:
                told = time.monotonic()
                print(
                    f"{(told - begun) / 60:5.1f} min, {len(run.stalls):3} stalls: {words(minute)}", flush=True
                )
                minute = []
        await page.evaluate(GOODBYE, {"token": "webcam", "cause": "stopped"})
        run.look()
        run.steps = site.ingests.counters["sender-clock-steps"]
        return run


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> None:
    """Measures and judges."""
    parser = argparse.ArgumentParser(description="Do lips and voice stay together for hours?")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=240, help="seconds from one stall to the next")
    parser.add_argument("--codec", choices=("VP8", "H264"), default="VP8")
    args = parser.parse_args()
    run = asyncio.run(measure(args.minutes, args.every, args.codec))
    found = faults(run)
    if run.beeps:
        first_ms, last_ms = run.beeps[0].at_ms, run.beeps[-1].at_ms
        print(f"first minutes: {words([one for one in run.beeps if one.at_ms < first_ms + AT_ENDS_MS])}")
        print(f"last minutes:  {words([one for one in run.beeps if one.at_ms > last_ms - AT_ENDS_MS])}")
        print(f"clocks of the sender that stood still or leapt: {run.steps}")
        after = [one for one in run.beeps if run.unsettled(one)]
        print(f"within {ANCHOR_MS / 1000:.0f} s of {len(run.stalls)} stalls: {words(after)}")
    print("\n".join(f"FAIL   {fault}" for fault in found) or "PASS")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
