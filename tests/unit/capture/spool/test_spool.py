"""The spool's folder: durable, in order, bounded, and found again after any crash."""

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import SpoolFull, SpoolTaken
from capture.spool.ends import Ends
from capture.spool.entry import EntryDamaged, Facts, SpooledEnd, SpooledSegment, decode, encode
from capture.spool.files import DAMAGED_KEPT
from capture.spool.spool import DEGRADED_SHARE, NEW_TAKES_SHARE_MAX, Spool
from proctoring.recordings.leaves import ABSENCES_MAX, Absence
from proctoring.recordings.model import EndCause, GapPart
from proctoring.spools.model import Trouble
from storage.proofs.manifest import digest
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.support.world import START

HEAD_BYTES = 44  # before the facts
SEALED = b"PEV1" + bytes(range(256)) * 40


def segment(seq: int, take: str = TAKE_1, unit: str = UNIT_A, sealed: bytes = SEALED) -> SpooledSegment:
    media = 'video/webm; codecs="vp8"'
    return SpooledSegment(
        unit, take, seq, media, digest(sealed), len(sealed), 1_700_000_000_000 + seq * 4000, 4000, START
    )


def written(facts: Facts, sealed: bytes = b"") -> bytes:
    return encode(facts, len(sealed)) + sealed


def end(take: str = TAKE_1, unit: str = UNIT_A, cause: EndCause = EndCause.STOPPED) -> SpooledEnd:
    return SpooledEnd(unit, take, cause, START)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = Spool(folder, disk_free_bytes_min=0)
    made.open()
    yield made
    made.close()


def reopened(spool: Spool, folder: Path) -> Spool:
    """As the next process finds it: what is only in memory is gone."""
    spool.close()
    again = Spool(folder, disk_free_bytes_min=0)
    again.open()
    return again


def waiting(spool: Spool, unit: str = UNIT_A) -> list[tuple[str, int | EndCause]]:
    """Takes everything out of a lane, in order."""
    found: list[tuple[str, int | EndCause]] = []
    while (entry := spool.first(unit)) is not None:
        facts, _ = spool.read(entry)
        found.append((facts.take, facts.seq if isinstance(facts, SpooledSegment) else facts.cause))
        spool.done(entry)
    return found


ABSENCES = tuple(
    Absence(part, 1_700_000_000_000 + at, 1_700_000_000_500 + at, EndCause.SOUND_MISSING)
    for at, part in enumerate([GapPart.SOUND, GapPart.PICTURE] * (ABSENCES_MAX // 2))
)


@pytest.mark.parametrize(
    "facts", [segment(7), replace(segment(7), absences=ABSENCES), end(cause=EndCause.SHARING_ENDED)]
)
def test_an_entry_is_read_as_it_was_written(facts: SpooledSegment | SpooledEnd) -> None:
    """All facts and the sealed bytes."""
    sealed = SEALED if isinstance(facts, SpooledSegment) else b""
    assert decode(written(facts, sealed)) == (facts, sealed)


def test_an_entry_of_an_earlier_version_is_read() -> None:
    """Whoever upgrades while something waits loses nothing: neither absences nor event ids were written."""
    facts = segment(7)
    text = (
        b'{"accepted_at":"2026-11-16T08:00:00.000Z","ct_len":%d,"ct_sha256":"%s","duration_ms":4000,'
        b'"kind":"segment","media_type":"video/webm; codecs=\\"vp8\\"","seq":7,'
        b'"start_unix_ms":1700000028000,"take":"%s","unit":"%s","v":1}'
    ) % (len(SEALED), facts.ct_sha256.encode(), TAKE_1.encode(), UNIT_A.encode())
    head = b"PES2" + struct.pack(">II", len(text), len(SEALED)) + hashlib.sha256(text).digest()
    assert decode(head + text + SEALED) == (facts, SEALED)


def test_a_segment_that_lacks_nothing_says_nothing_of_it() -> None:
    """Its entry is the same bytes as before there were absences."""
    assert b"absences" not in written(segment(0), SEALED)


@pytest.mark.parametrize("bad", [["lunch", 0, 1, "stopped"], ["sound", 0, 1, "because"], ["sound", 0, 1], 7])
def test_an_absence_that_cannot_be_read_is_damage(bad: object) -> None:
    """As every other fact is."""
    facts = json.loads(written(segment(0))[HEAD_BYTES:])
    text = json.dumps(facts | {"absences": [bad]}).encode()
    head = b"PES2" + struct.pack(">II", len(text), len(SEALED)) + hashlib.sha256(text).digest()
    with pytest.raises(EntryDamaged):
        decode(head + text + SEALED)


@given(st.integers(0, len(SEALED) + 300), st.integers(0, 7))
def test_a_flipped_bit_or_a_cut_is_noticed(at: int, bit: int) -> None:
    """Whichever byte of the file it is, of the facts or of the sealed bytes."""
    whole = written(segment(0), SEALED)
    at %= len(whole)
    flipped = bytearray(whole)
    flipped[at] ^= 1 << bit
    for broken in (bytes(flipped), whole[:at]):
        with pytest.raises(EntryDamaged):
            decode(broken)


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


def test_the_version_of_an_entry_is_not_guessed() -> None:
    """An entry of another version, or with a field too many or too few, is not half understood."""
    whole = written(segment(0), SEALED)
    with pytest.raises(EntryDamaged):
        decode(b"PES1" + whole[4:])
    begin = 4 + 4 + 4 + 32
    text = whole[begin : begin + int.from_bytes(whole[4:8])]
    for old, new in ((b'"v":1', b'"v":2'), (b'"v":1', b'"v":1,"x":1'), (b'"seq":0,', b"")):
        other = text.replace(old, new)
        assert other != text
        head = b"PES2" + len(other).to_bytes(4) + len(SEALED).to_bytes(4) + hashlib.sha256(other).digest()
        with pytest.raises(EntryDamaged):
            decode(head + other + SEALED)


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
