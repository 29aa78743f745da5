"""Several segments accepted in one file: all or some of them, and damage to one."""

import os
from pathlib import Path

import pytest

from capture.errors import SpoolFull
from capture.spool.entry import EntryDamaged, SpooledSegment
from capture.spool.spool import Spool
from proctoring.recordings.model import EndCause
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.unit.capture.spool.spooled import SEALED, end, reopened, segment, waiting, written


def test_several_are_accepted_in_one_file(spool: Spool, folder: Path) -> None:
    """They are refused and counted one by one, found again by the next process, and the file goes with the
    last of them."""
    spool.end(end(TAKE_2))
    together = [segment(0), segment(0, TAKE_2), segment(1), segment(1), segment(0, TAKE_2, UNIT_B)]
    refused = spool.accept_all([(facts, SEALED) for facts in together])
    assert [type(error) for error in refused] == [type(None), ValueError, *[type(None)] * 3]
    again = reopened(spool, folder)
    assert (again.depth_bytes, len(again)) == (spool.depth_bytes, 4)
    assert again.depth_bytes == sum(file.stat().st_size for file in folder.glob("*.*"))
    assert waiting(again) == [(TAKE_2, EndCause.STOPPED), (TAKE_1, 0), (TAKE_1, 1)]
    assert len(list(folder.glob("*.*"))) == 1
    assert waiting(again, UNIT_B) == [(TAKE_2, 0)]
    assert (again.depth_bytes, list(folder.glob("*.*"))) == (0, [])
    again.close()


def test_where_room_ends_nothing_follows(folder: Path) -> None:
    """Of several, those are accepted that come before the first without room, and no smaller one behind it:
    a take would lack a segment. What is refused may come again."""
    spool = Spool(folder, bytes_max=len(written(segment(0), SEALED)) * 3 // 2, disk_free_bytes_min=0)
    spool.open()
    small = b"PEV1"
    several = [(segment(0), SEALED), (segment(1), SEALED), (segment(2, sealed=small), small)]
    refused = spool.accept_all(several)
    assert [type(error) for error in refused] == [type(None), SpoolFull, SpoolFull]
    assert waiting(spool) == [(TAKE_1, 0)]
    assert spool.accept_all(several[1:]) == [None, None]
    assert waiting(spool) == [(TAKE_1, 1), (TAKE_1, 2)]
    spool.close()


def test_a_disk_that_fails_accepts_none_of_several(
    spool: Spool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is counted, and all of them may come again."""
    both = [(segment(0), SEALED), (segment(0, TAKE_2, UNIT_B), SEALED)]

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            spool.accept_all(both)
    assert (spool.depth_bytes, len(spool), list(folder.glob("*.*"))) == (0, 0, [])
    assert spool.accept_all(both) == [None, None]
    assert waiting(spool) == [(TAKE_1, 0)]
    assert waiting(spool, UNIT_B) == [(TAKE_2, 0)]


@pytest.mark.parametrize("at", [0, 60, -1])
def test_damage_costs_one_entry_of_a_file(spool: Spool, folder: Path, at: int) -> None:
    """In its facts or its sealed bytes, at the next start or when it is read; where the head itself is gone,
    so are those behind it. All that is damaged is kept aside."""
    spool.accept_all([(segment(seq), SEALED) for seq in range(3)])
    (file,) = folder.glob("*.pes")
    size = file.stat().st_size // 3
    data = bytearray(file.read_bytes())
    data[2 * size - 1 if at < 0 else size + at] ^= 1
    file.write_bytes(data)
    again = reopened(spool, folder)
    found = []
    while (entry := again.first(UNIT_A)) is not None:
        try:
            facts, _ = again.read(entry)
            assert isinstance(facts, SpooledSegment)
            found.append(facts.seq)
            again.done(entry)
        except EntryDamaged:
            again.set_aside(entry)
    assert found == ([0] if at == 0 else [0, 2])
    (damaged,) = folder.glob("*.*")
    assert damaged.read_bytes() == data[size : (3 if at == 0 else 2) * size]
    assert (again.counters["damaged"], again.depth_bytes) == (1, 0)
    again.close()
