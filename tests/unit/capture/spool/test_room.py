"""Room in the spool and on its disk: kept to the byte, and trouble told in time."""

import os
from pathlib import Path

import pytest

from capture.errors import SpoolFull
from capture.spool.spool import DEGRADED_SHARE, NEW_TAKES_SHARE_MAX, Spool
from proctoring.recordings.model import EndCause
from proctoring.spools.model import Trouble
from tests.support.names import TAKE_1, TAKE_2
from tests.unit.capture.spool.spooled import SEALED, end, segment, waiting, written


def test_the_bound_is_kept_to_the_byte(folder: Path) -> None:
    """New takes are refused before running ones; ends are accepted always; room comes back as it drains."""
    size = len(written(segment(0), SEALED))
    spool = Spool(folder, bytes_max=10 * size, disk_free_bytes_min=0)
    spool.open()
    for seq in range(10):
        if seq == 8:
            assert spool.depth_bytes >= NEW_TAKES_SHARE_MAX * 10 * size
        if seq >= 8:
            with pytest.raises(SpoolFull, match="full"):
                spool.demand_room()
        else:
            spool.demand_room()
        spool.accept(segment(seq), SEALED)
    with pytest.raises(SpoolFull, match="full"):
        spool.accept(segment(10), SEALED)
    assert spool.counters["full"] == 3
    spool.end(end())
    assert len(spool) == 11
    assert waiting(spool)[-1] == (TAKE_1, EndCause.STOPPED)
    spool.demand_room()
    spool.close()


def test_a_disk_below_its_reserve_takes_no_more_and_is_called_what_it_is(folder: Path) -> None:
    """What database and log need is left to them. Nothing waits, so nobody is told of a full spool; with
    space again all goes on, and what was accepted before is there."""
    spool = Spool(folder, disk_free_bytes_min=0)
    spool.open()
    spool.accept(segment(0), SEALED)
    assert spool.trouble() is None
    spool._disk_free_bytes_min = 1 << 60
    for refused in (spool.demand_room, spool.check, lambda: spool.accept(segment(1), SEALED)):
        with pytest.raises(SpoolFull, match=r"disk is full: \d+ MiB of free space are left") as caught:
            refused()
        assert "free space" in caught.value.remedy
    assert spool.trouble() is Trouble.DISK_FULL
    spool.end(end())
    spool._disk_free_bytes_min = 0
    assert spool.trouble() is None
    spool.demand_room()
    spool.accept(segment(0, TAKE_2), SEALED)
    assert waiting(spool) == [(TAKE_1, 0), (TAKE_1, EndCause.STOPPED), (TAKE_2, 0)]
    spool.close()


def test_a_full_spool_is_in_trouble_until_it_has_drained(folder: Path) -> None:
    """From the first segment that it refused, not before; until new takes are let in again."""
    size = len(written(segment(0), SEALED))
    spool = Spool(folder, bytes_max=4 * size, disk_free_bytes_min=0)
    spool.open()
    for seq in range(4):
        spool.accept(segment(seq), SEALED)
        assert spool.trouble() is None
    with pytest.raises(SpoolFull, match="spool is full"):
        spool.accept(segment(4), SEALED)
    assert spool.trouble() is Trouble.SPOOL_FULL
    with pytest.raises(SpoolFull, match="spool is full"):
        spool.check()
    waiting(spool)
    assert spool.trouble() is None
    spool.close()


def test_a_disk_that_refuses_to_be_written_is_in_trouble_until_it_does_not(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of it is free: a quota, a file system that became read-only, a cable. It is tried for the
    answer, so that nobody has to record first."""

    def broken(descriptor: int) -> None:
        raise OSError(122, "Disk quota exceeded")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="quota"):
            spool.accept(segment(0), SEALED)
        assert spool.trouble() is Trouble.UNWRITABLE
        with pytest.raises(SpoolFull, match="refuses"):
            spool.demand_room()
    assert spool.trouble() is None
    assert [file.name for file in folder.iterdir()] == ["id"]
    spool.demand_room()


def test_much_that_waits_is_said_to_the_operator(folder: Path) -> None:
    """Above the share, and not before."""
    size = len(written(segment(0), SEALED))
    spool = Spool(folder, bytes_max=8 * size, disk_free_bytes_min=0)
    spool.open()
    for seq in range(int(8 * DEGRADED_SHARE)):
        spool.accept(segment(seq), SEALED)
        spool.check()
    spool.accept(segment(2), SEALED)
    with pytest.raises(SpoolFull, match="wait in the spool"):
        spool.check()
    spool.close()
