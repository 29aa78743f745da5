"""One receiver, one number of streams, one run: what it cost, what it kept, and whether the run counts.

Receiver and load generator have a core each. CPU is counted over WINDOW_S in the steady state, with child
processes; lost are the pictures that were sent, first to last, and are not whole in what is stored. A run in
which the generator was late says nothing about the receiver and does not count.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench import meters
from tests.bench.generator import Generator, NotMeasured, cores, own_address
from tests.bench.receivers import Receiver

WINDOW_S = 20.0
SETTLE_S = 6.0
TAIL_S = 2.0
LATE_SHARE_MAX = 0.05  # of the bursts in the window: all the same packets come, these 20 ms late or more
TRIES = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One receiver with so many streams, once. Memory in bytes; `cpu_ms` for each second of a stream."""

    turn: int
    receiver: str
    streams: int
    cpu_ms: float
    core_share: float
    rss_start: int
    rss_peak: int
    rss_per_stream: int
    frames_sent: int
    frames_lost: int
    sounds_sent: int
    sounds_lost: int | None  # of a receiver whose sound can be counted
    bits_per_stream_s: int
    generator_share: float
    late_share: float
    late_ms_max: float
    feedback: dict[str, int]


def measured(kind: type[Receiver], streams: int, turn: int, scratch: Path) -> Run:
    """One run that counts. Raises NotMeasured.

    What is stored stays in `scratch`, for the caller to remove after the last run: a file system makes files
    slowly where many were removed a moment ago.
    """
    if why := kind.why_not():
        raise NotMeasured(why)
    for _ in range(TRIES):
        run = _once(kind, streams, turn, Path(tempfile.mkdtemp(dir=scratch)))
        if run.late_share <= LATE_SHARE_MAX:
            return run
    raise NotMeasured(
        f"the generator was late with {run.late_share:.0%} of its bursts, in {TRIES} runs; it used "
        f"{run.generator_share:.0%} of its core, so the machine is too busy or this is too much for it"
    )


def _once(kind: type[Receiver], streams: int, turn: int, folder: Path) -> Run:
    address = own_address()
    receiver = kind(folder, streams, address)
    try:
        with meters.on_core(cores()[0]):
            receiver.start()
        return _measure(receiver, address, turn)
    finally:
        receiver.stop()


def _measure(receiver: Receiver, address: str, turn: int) -> Run:
    rss_start = meters.rss_bytes(receiver.pid)
    with Generator(receiver, address, SETTLE_S, WINDOW_S + TAIL_S) as generator:
        generator.line()
        time.sleep(SETTLE_S)
        cpu_s, begun_s = meters.cpu_s(receiver.pid), time.monotonic()
        time.sleep(WINDOW_S)
        cpu_s, elapsed_s = meters.cpu_s(receiver.pid) - cpu_s, time.monotonic() - begun_s
        rss, peak = meters.rss_bytes(receiver.pid), meters.peak_rss_bytes(receiver.pid)
        sent = generator.line()
    frames_sent, sounds_sent = sum(sent["frames"]), sum(sent["sounds"])
    return Run(
        turn=turn,
        receiver=receiver.name,
        streams=receiver.streams,
        cpu_ms=cpu_s / elapsed_s / receiver.streams * 1000,
        core_share=cpu_s / elapsed_s,
        rss_start=rss_start,
        rss_peak=peak,
        rss_per_stream=(rss - rss_start) // receiver.streams,
        frames_sent=frames_sent,
        frames_lost=frames_sent - receiver.frames_kept(),
        sounds_sent=sounds_sent,
        sounds_lost=None if receiver.sounds_kept is None else sounds_sent - receiver.sounds_kept,
        bits_per_stream_s=sent["bits_per_stream_s"],
        generator_share=sent["cpu_share"],
        late_share=sent["late_share"],
        late_ms_max=sent["late_ms_max"],
        feedback=sent["feedback"],
    )
