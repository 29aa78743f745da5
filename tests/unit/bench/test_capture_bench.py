"""Counts of the capture bench: pictures in Janus's recordings, medians, ratios, growth, the one clip."""

import json
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import janus, soak
from tests.bench.capture import cpu_to_janus, medians, plan
from tests.bench.capture_run import Run
from tests.bench.load.clip import FRAMES_PER_S, LENGTH_S, VIDEO_BITS_PER_S, clip
from tests.bench.receivers import AiortcRecord, Ours

RUN = Run(1, "proctoring", 64, 2.0, 0.1, 100, 200, 10, 1000, 0, 3000, 0, 500_000, 0.2, 0.0, 1.0, {})


def recording(folder: Path, packets: Sequence[tuple[int, bool]]) -> None:
    """An .mjr of these (sequence number, marker)."""
    header = json.dumps({"t": "v"}).encode()
    data = b"MJR00002" + struct.pack(">H", len(header)) + header
    for sequence, marker in packets:
        packet = struct.pack(">BBHII", 0x80, 0x80 * marker | 96, sequence, 0, 1) + b"media"
        data += b"MEET" + bytes(4) + struct.pack(">H", len(packet)) + packet
    (folder / "rec").mkdir()
    (folder / "rec" / "videoroom-1234-user-1-2-video-0.mjr").write_bytes(data)
    (folder / "rec" / "videoroom-1234-user-1-2-audio-1.mjr").write_bytes(b"not looked at")


@pytest.mark.parametrize(
    ("packets", "whole"),
    [
        ([(1, False), (2, True), (3, True)], 2),
        ([(1, False), (3, True), (4, True)], 1),
        ([(1, False), (2, True), (4, True)], 1),
        ([(3, True), (1, False), (2, True)], 2),
        ([(0xFFFF, True), (0, False), (1, True)], 2),
        ([(1, True), (2, False)], 1),
    ],
)
def test_a_picture_of_janus_counts_when_all_its_packets_are_there(
    tmp_path: Path, packets: list[tuple[int, bool]], whole: int
) -> None:
    """In any order, over the wrap-around; one with a hole, or with its end missing, is lost."""
    recording(tmp_path, packets)
    assert janus.frames_kept(tmp_path) == [whole]


def test_a_ratio_compares_runs_of_one_turn() -> None:
    """The median of the ratios, with what was lost added up; a turn in which one is missing has none."""
    ours = [replace(RUN, turn=turn, cpu_ms=cpu, frames_lost=1) for turn, cpu in enumerate((1.0, 2.0, 9.0))]
    theirs = [
        replace(RUN, turn=turn, receiver="Janus", cpu_ms=cpu) for turn, cpu in enumerate((2.0, 2.0, 3.0))
    ]
    assert cpu_to_janus(ours + theirs) == {64: 1.0}
    assert cpu_to_janus([*ours, *theirs[1:]]) == {64: 2.0}
    first, second = medians(ours + theirs)
    assert (first["cpu_ms"], first["frames_lost"], first["runs"]) == (2.0, 3, 3)
    assert second["receiver"] == "Janus"
    assert cpu_to_janus(ours) == {}


def test_a_receiver_is_tried_with_what_it_carries() -> None:
    """Not with more than fills a core of it, and with each number once."""
    assert plan((16, 64), [Ours, AiortcRecord]) == [(Ours, 16), (AiortcRecord, 4), (Ours, 64)]


def test_growth_above_its_limit_is_a_fault() -> None:
    """The second half of the time decides on memory; files and threads are counted when all have gone."""
    flat = [soak.Sample(60.0 * minute, 100.0, 200, 20) for minute in range(10)]
    filled = [soak.Sample(60.0 * minute, 50.0 + 10 * minute, 200, 20) for minute in range(6)] + flat[6:]
    grown = [replace(one, rss_mb=100 + one.at_s / 600 * 1.1) for one in flat]
    assert soak.faults(flat[0], flat, flat[0]) == []
    assert soak.slope_mb(grown) == pytest.approx(1.1)
    assert len(soak.faults(flat[0], grown, flat[0])) == 1
    assert len(soak.faults(flat[0], flat, replace(flat[0], files=209, threads=37))) == 2
    assert soak.slope_mb(filled[6:]) == 0


def test_the_clip_is_always_the_same_and_of_its_rate() -> None:
    """Encoded twice it is equal, in time order, begins with a keyframe, and is within a tenth of its rate."""
    first = clip()
    assert first == clip()
    assert [burst.at_s for burst in first] == sorted(burst.at_s for burst in first)
    pictures = [burst for burst in first if burst.video]
    assert first[0] is pictures[0]
    assert len(pictures) == FRAMES_PER_S * LENGTH_S
    sizes = [sum(map(len, burst.payloads)) for burst in pictures]
    assert sum(sizes) * 8 / LENGTH_S == pytest.approx(VIDEO_BITS_PER_S, rel=0.1)
