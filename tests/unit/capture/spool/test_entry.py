"""Entries of the spool: read as they were written, and damage noticed."""

import hashlib
import json
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.spool.entry import EntryDamaged, SpooledEnd, SpooledSegment, decode
from proctoring.recordings.leaves import ABSENCES_MAX, Absence
from proctoring.recordings.model import EndCause, GapPart
from tests.support.names import TAKE_1, UNIT_A
from tests.unit.capture.spool.spooled import SEALED, end, segment, written

HEAD_BYTES = 44  # before the facts
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
