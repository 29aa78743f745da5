"""`python -m tests.bench.soak --minutes 60 --streams 64`: does the service grow while it records for long?

Prints resident memory, open files and threads as it goes, then what they have come to. Exits 1 when memory
grew by more than RSS_SLOPE_MAX over the second half of the time (in the first, pools and caches fill), or
when more than FILES_LEFT_MAX files or THREADS_LEFT_MAX threads were left after the publishers had gone. An
hour of 64 streams stores 16 GB in the folder for temporary files.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import meters
from tests.bench.generator import Generator, cores, own_address
from tests.bench.receivers import Ours, Receiver

SAMPLES_MIN = 20
SAMPLE_EVERY_S = 30.0
RSS_SLOPE_MAX = 1.0  # MB for 10 minutes
FILES_LEFT_MAX = 8  # a database's pool, a log
THREADS_LEFT_MAX = 16  # pools keep those that they once needed
GONE_S = 10.0  # how long closed connections may take to be gone from the process


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds at an instant."""

    at_s: float
    rss_mb: float
    files: int
    threads: int


def slope_mb(samples: Sequence[Sample]) -> float:
    """Growth of resident memory in MB for 10 minutes, by least squares."""
    fit = statistics.linear_regression([one.at_s for one in samples], [one.rss_mb for one in samples])
    return fit.slope * 600


def soak(receiver: Receiver, seconds: float) -> tuple[Sample, list[Sample], Sample]:
    """Before the publishers came, while they were there, after they had gone."""
    before = _sample(receiver)
    every_s = min(SAMPLE_EVERY_S, seconds / SAMPLES_MIN)
    samples = []
    with Generator(receiver, own_address(), 0, seconds + every_s) as generator:
        generator.line()
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            time.sleep(every_s)
            samples.append(_sample(receiver))
            print(f"{_words(samples[-1])}", flush=True)
        report = generator.line()
    time.sleep(GONE_S)
    print(f"generator: {report['cpu_share']:.0%} of its core, {report['late_share']:.1%} late")
    lost = sum(report["frames"]) - receiver.frames_kept()
    print(f"pictures: {sum(report['frames'])} sent, {lost} lost")
    return before, samples, _sample(receiver)


def faults(before: Sample, samples: Sequence[Sample], after: Sample) -> list[str]:
    """What is above its limit."""
    slope = slope_mb(samples[len(samples) // 2 :])
    print(
        f"before {_words(before)}\nafter  {_words(after)}\nslope  {slope:+.2f} MB for 10 minutes, second half"
    )
    found = []
    if slope > RSS_SLOPE_MAX:
        found.append(f"memory grows by {slope:.2f} MB for 10 minutes, limit {RSS_SLOPE_MAX}")
    if (left := after.files - before.files) > FILES_LEFT_MAX:
        found.append(f"{left} more files are open than before, limit {FILES_LEFT_MAX}")
    if (left := after.threads - before.threads) > THREADS_LEFT_MAX:
        found.append(f"{left} more threads run than before, limit {THREADS_LEFT_MAX}")
    return found


def _sample(receiver: Receiver) -> Sample:
    pid = receiver.pid
    return Sample(time.monotonic(), meters.rss_bytes(pid) / 1e6, meters.open_files(pid), meters.threads(pid))


def _words(sample: Sample) -> str:
    return f"{sample.rss_mb:8.1f} MB {sample.files:6} files {sample.threads:4} threads"


def main() -> None:
    """Measures and judges."""
    parser = argparse.ArgumentParser(description="Does the service grow while it records for long?")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--streams", type=int, default=64)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        service = Ours(Path(name), args.streams, own_address())
        with meters.on_core(cores()[0]):
            service.start()
        try:
            found = faults(*soak(service, args.minutes * 60))
        finally:
            service.stop()
    print("\n".join(f"FAIL   {fault}" for fault in found) or "PASS")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
