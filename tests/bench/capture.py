"""Receivers side by side in one run: CPU for each second of a stream, memory, lost pictures.

python -m tests.bench.capture [--streams 16,64] [--runs 1] [--receivers proctoring,Janus]
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.capture_run import Run, measured
from tests.bench.generator import NotMeasured
from tests.bench.receivers import RECEIVERS, Janus, Ours, Receiver

STREAMS = (16, 64)
RUNS = 1
NOTE = (
    "640x480 at 15 pictures/s, VP8 with Opus; the publishers do not follow requests for keyframes "
    "(the clip has one every 2 s) nor for lost packets"
)
COLUMNS = (
    ("receiver", 22),
    ("streams", 7),
    ("CPU ms/stream-s", 15),
    ("core", 5),
    ("MB at start", 11),
    ("MB peak", 7),
    ("KB/stream", 9),
    ("lost/sent", 13),
    ("sound lost", 13),
    ("generator", 9),
    ("late", 6),
)


def capture_figures(
    streams: Sequence[int] = STREAMS, runs: int = RUNS, receivers: Sequence[type[Receiver]] = RECEIVERS
) -> dict[str, Any]:
    """All runs, turn by turn; `medians`; our CPU as a ratio to Janus's; what was not measured and why."""
    done: list[Run] = []
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        for turn in range(1, runs + 1):
            for kind, count in plan(streams, receivers):
                label = f"{kind.name}, {count} streams"
                try:
                    one = measured(kind, count, turn, Path(scratch))
                except (NotMeasured, AssertionError) as error:
                    missing[label] = str(error) or repr(error)
                    print(f"  run {turn}: {label}: not measured: {missing[label]}", flush=True)
                    continue
                done.append(one)
                print(f"  run {turn}: {label}: {one.cpu_ms:.2f} ms, {one.frames_lost} lost", flush=True)
    return {
        "note": NOTE,
        "runs": [asdict(one) for one in done],
        "medians": medians(done),
        "cpu_to_janus": cpu_to_janus(done),
        "not_measured": missing,
    }


def plan(streams: Sequence[int], receivers: Sequence[type[Receiver]]) -> list[tuple[type[Receiver], int]]:
    """Each receiver with each number of streams, or with the most that it carries; those to be compared one
    behind the other, so that both find the machine the same."""
    pairs = [(kind, min(count, kind.streams_max)) for count in sorted(streams) for kind in receivers]
    return list(dict.fromkeys(pairs))


def medians(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each receiver and number of streams; lost pictures add up, the worst late share is told."""
    rows = []
    for receiver, count in dict.fromkeys((one.receiver, one.streams) for one in runs):
        same = [one for one in runs if (one.receiver, one.streams) == (receiver, count)]
        names = ("cpu_ms", "core_share", "rss_start", "rss_peak", "rss_per_stream", "generator_share")
        row: dict[str, Any] = {"receiver": receiver, "streams": count, "runs": len(same)}
        row |= {name: statistics.median(getattr(one, name) for one in same) for name in names}
        sums = ("frames_sent", "frames_lost", "sounds_sent")
        row |= {name: sum(getattr(one, name) for one in same) for name in sums}
        lost = [one.sounds_lost for one in same if one.sounds_lost is not None]
        row["sounds_lost"] = sum(lost) if lost else None
        rows.append(row | {"late_share": max(one.late_share for one in same)})
    return rows


def cpu_to_janus(runs: Sequence[Run]) -> dict[int, float]:
    """By number of streams, the median of our CPU over Janus's in the same turn."""
    theirs = {(one.streams, one.turn): one.cpu_ms for one in runs if one.receiver == Janus.name}
    ratios: dict[int, list[float]] = {}
    for one in runs:
        if one.receiver == Ours.name and (peer := theirs.get((one.streams, one.turn))):
            ratios.setdefault(one.streams, []).append(one.cpu_ms / peer)
    return {count: statistics.median(several) for count, several in ratios.items()}


def table(figures: dict[str, Any]) -> str:
    """What people read; `generator` is the share of its core that it used, `late` that of its bursts."""
    lines = [f"capture: {figures['note']}", _line([name for name, _ in COLUMNS])]
    lines += [
        _line(
            [
                row["receiver"],
                row["streams"],
                f"{row['cpu_ms']:.2f}",
                f"{row['core_share']:.0%}",
                f"{row['rss_start'] / 1e6:.0f}",
                f"{row['rss_peak'] / 1e6:.0f}",
                f"{row['rss_per_stream'] / 1e3:.0f}",
                f"{row['frames_lost']}/{row['frames_sent']}",
                "–" if row["sounds_lost"] is None else f"{row['sounds_lost']}/{row['sounds_sent']}",
                f"{row['generator_share']:.0%}",
                f"{row['late_share']:.1%}",
            ]
        )
        for row in figures["medians"]
    ]
    lines += [f"{label}: not measured: {why}" for label, why in figures["not_measured"].items()]
    lines += [
        f"{ratio:8.2f}  our CPU with {count} streams / Janus's, which neither muxes nor encrypts"
        for count, ratio in figures["cpu_to_janus"].items()
    ]
    return "\n".join(lines)


def arguments() -> argparse.ArgumentParser:
    """What `make bench` passes on."""
    parser = argparse.ArgumentParser(description="Receivers side by side.")
    parser.add_argument("--streams", type=_counts, default=STREAMS, help="numbers of streams (16,64)")
    parser.add_argument("--runs", type=int, default=RUNS, help="medians are of so many runs (1)")
    return parser


def _line(cells: Sequence[object]) -> str:
    first, *others = zip(cells, (width for _, width in COLUMNS), strict=True)
    return " ".join([f"{first[0]:{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)])


def _counts(text: str) -> tuple[int, ...]:
    return tuple(int(count) for count in text.split(","))


def main() -> None:
    """The capture part alone; prints the table, writes nothing."""
    parser = arguments()
    names = ",".join(kind.name for kind in RECEIVERS)
    parser.add_argument("--receivers", default=names, help=f"some of {names}")
    args = parser.parse_args()
    chosen = [kind for kind in RECEIVERS if kind.name in args.receivers]
    print(table(capture_figures(args.streams, args.runs, chosen)))


if __name__ == "__main__":
    main()
