"""The spool's folder: durable, in order, and found again after any crash."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from capture.errors import SpoolTaken
from capture.spool.ends import Ends
from capture.spool.files import DAMAGED_KEPT
from capture.spool.spool import Spool
from proctoring.recordings.model import EndCause
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.support.world import START
from tests.unit.capture.spool.spooled import SEALED, end, reopened, segment, waiting, written


def test_what_was_accepted_is_found_in_order_by_the_next_process(spool: Spool, folder: Path) -> None:
    """Takes of a unit one after the other, each ended behind its segments; units apart; depth counted."""
    for seq in range(11):
        spool.accept(segment(seq), SEALED)
        spool.accept(segment(seq, TAKE_2, UNIT_B), SEALED)
    spool.end(end())
    spool.accept(segment(0, TAKE_2), SEALED)
    depth, entries = spool.depth_bytes, len(spool)
    again = reopened(spool, folder)
    assert (again.depth_bytes, len(again)) == (depth, entries)
    assert again.depth_bytes == sum(file.stat().st_size for file in folder.glob("*.*"))
    assert again.lanes() == [UNIT_A, UNIT_B]
    expected = [(TAKE_1, seq) for seq in range(11)] + [(TAKE_1, EndCause.STOPPED), (TAKE_2, 0)]
    assert waiting(again) == expected
    assert waiting(again, UNIT_B) == [(TAKE_2, seq) for seq in range(11)]
    assert (again.depth_bytes, list(folder.glob("*.*"))) == (0, [])
    again.close()


def test_numbers_go_on_after_a_restart(spool: Spool, folder: Path) -> None:
    """What is accepted later stands behind what an earlier process accepted."""
    spool.accept(segment(0), SEALED)
    again = reopened(spool, folder)
    again.end(end(cause=EndCause.SERVER_STOPPED))
    assert waiting(again) == [(TAKE_1, 0), (TAKE_1, EndCause.SERVER_STOPPED)]
    again.close()


def test_accepting_again_is_harmless_and_the_first_bytes_count(spool: Spool, folder: Path) -> None:
    """A second seal of the same segment has other bytes; before and after the first was committed, and by
    the next process, it changes nothing."""
    spool.accept(segment(0), SEALED)
    other = b"PEV1" + os.urandom(50)
    spool.accept(segment(0, sealed=other), other)
    entry = spool.first(UNIT_A)
    assert entry is not None
    assert spool.read(entry)[1] == SEALED
    again = reopened(spool, folder)
    again.accept(segment(0, sealed=other), other)
    assert len(again) == 1
    again.done(entry)
    again.accept(segment(0, sealed=other), other)
    assert len(again) == 0
    again.close()


def test_nothing_comes_behind_the_end_of_a_take(spool: Spool) -> None:
    """A thread that was slow to store is refused; a second end changes nothing, the first cause counts."""
    spool.accept(segment(0), SEALED)
    spool.end(end(cause=EndCause.DEVICE_LOST))
    spool.end(end(cause=EndCause.SERVER_STOPPED))
    with pytest.raises(ValueError, match="ended"):
        spool.accept(segment(1), SEALED)
    assert waiting(spool) == [(TAKE_1, 0), (TAKE_1, EndCause.DEVICE_LOST)]


def test_a_half_written_file_is_never_seen(spool: Spool, folder: Path) -> None:
    """What a killed process left under a temporary name was never accepted, and goes."""
    spool.accept(segment(0), SEALED)
    (folder / "00000000000009.part").write_bytes(written(segment(1), SEALED)[:100])
    again = reopened(spool, folder)
    assert waiting(again) == [(TAKE_1, 0)]
    assert list(folder.glob("*.*")) == []
    again.close()


def test_a_failing_disk_accepts_nothing_and_keeps_its_count(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised, no file is left, and the same segment is accepted once the disk works."""

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            spool.accept(segment(0), SEALED)
    assert (spool.depth_bytes, len(spool), list(folder.glob("*.*"))) == (0, 0, [])
    spool.accept(segment(0), SEALED)
    assert waiting(spool) == [(TAKE_1, 0)]


def test_an_end_that_the_disk_does_not_take_waits_and_comes_before_what_follows(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not lost, nor does it need a restart; the next take's first segment is behind it."""
    spool.accept(segment(0), SEALED)
    ends = Ends(spool)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ends.add(end())
        ends.add(end(TAKE_2, UNIT_B))
        assert (len(ends), ends.takes()) == (2, {TAKE_1, TAKE_2})
        with pytest.raises(OSError, match="No space"):
            ends.write()
    assert ends.write()
    assert not ends.write()
    spool.accept(segment(0, TAKE_2), SEALED)
    assert waiting(spool) == [(TAKE_1, 0), (TAKE_1, EndCause.STOPPED), (TAKE_2, 0)]
    assert waiting(spool, UNIT_B) == [(TAKE_2, EndCause.STOPPED)]


def test_what_is_damaged_is_set_aside_for_a_day(spool: Spool, folder: Path) -> None:
    """One whose head cannot be read leaves its lane at the next start, and the disk a day later."""
    spool.accept(segment(0), SEALED)
    spool.accept(segment(1), SEALED)
    first = min(folder.glob("*.*"))
    first.write_bytes(b"PES2" + os.urandom(40))
    again = reopened(spool, folder)
    (damaged,) = folder.glob("*.damaged")
    os.utime(damaged, (START.timestamp(), START.timestamp()))
    assert again.counters["damaged"] == 1
    assert waiting(again) == [(TAKE_1, 1)]
    again.sweep(START + DAMAGED_KEPT)
    assert [file.suffix for file in folder.glob("*.*")] == [".damaged"]
    again.sweep(START + DAMAGED_KEPT + timedelta(seconds=1))
    assert list(folder.glob("*.*")) == []
    again.close()


def test_two_processes_never_share_a_spool(spool: Spool, folder: Path) -> None:
    """The second one is told so, and finds everything once the first is gone."""
    spool.accept(segment(0), SEALED)
    second = Spool(folder, disk_free_bytes_min=0)
    with pytest.raises(SpoolTaken):
        second.open()
    spool.close()
    second.open()
    assert waiting(second) == [(TAKE_1, 0)]
    second.close()


def test_a_lane_is_forgotten_when_its_takes_have_ended(spool: Spool) -> None:
    """A server that runs for months keeps no memory of every stream there was."""
    spool.accept(segment(0), SEALED)
    assert waiting(spool) == [(TAKE_1, 0)]
    assert spool._lanes  # its take goes on
    spool.end(end())
    assert waiting(spool)
    assert spool._lanes == {}
