"""Commitments: bound to their place, opened by one value and one salt, and silent without the salt."""

from dataclasses import replace

import pytest

from storage.errors import Refused
from storage.proofs.commitment import (
    SALT_BYTES,
    Opening,
    check_openings,
    is_commitment,
    new_salt,
    read_opening,
)

SALT = "00112233445566778899aabbccddeeff"
REF = Opening("sessions", "aaaaaaaaaaaaaaaa", "ref", SALT, "C-1")
GOLDEN = "c1:df84295f2cc2db6283a695e3a97f86f6e64e97e48c5df63553a89bbba55841d7"


def detail(*openings: Opening) -> dict[str, str | int | None]:
    told: dict[str, str | int | None] = {"exam": "bbbbbbbbbbbbbbbb", "leaves": 3}
    return told | {one.name: one.commitment() for one in openings}


def test_a_commitment_is_the_hash_that_the_format_names() -> None:
    """SHA-256 of the RFC 8785 JSON, written down once and never changed."""
    assert REF.commitment() == GOLDEN
    assert is_commitment(REF.commitment())
    assert not is_commitment("c1:short")
    assert not is_commitment(3)


@pytest.mark.parametrize(
    "other",
    [
        replace(REF, table="exams"),
        replace(REF, row="cccccccccccccccc"),
        replace(REF, column="state"),
        replace(REF, salt=SALT[::-1]),
        replace(REF, value="C-2"),
        replace(REF, value=None),
    ],
)
def test_nothing_else_opens_it(other: Opening) -> None:
    """Neither another value, nor the same one in another place, nor with another salt."""
    assert other.commitment() != REF.commitment()


def test_salts_are_long_and_never_the_same() -> None:
    salts = {new_salt() for _ in range(100)}
    assert len(salts) == 100
    assert {len(bytes.fromhex(salt)) for salt in salts} == {SALT_BYTES}


def test_every_commitment_is_opened_by_one_opening() -> None:
    """Of one that was made anew the newest counts; entries without any are none."""
    changed = replace(REF, value="C-2", salt=SALT[::-1])
    assert check_openings([detail(REF), {}, detail(changed)], [changed]) == 1
    assert check_openings([{"exam": "x"}], []) == 0


@pytest.mark.parametrize(
    ("openings", "reason"),
    [
        ([], "not-opened"),
        ([replace(REF, value="C-2")], "wrong-opening"),
        ([REF, REF], "repeated"),
        ([REF, replace(REF, column="state")], "wrong-opening"),
    ],
)
def test_what_does_not_open_is_refused(openings: list[Opening], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        check_openings([detail(REF)], openings)
    assert refused.value.reason == reason


def test_an_opening_is_read_as_it_was_written() -> None:
    """A field too many, or a value that is no text and no figure, is refused."""
    assert read_opening(REF.fields()) == REF
    for wrong in (REF.fields() | {"more": 1}, REF.fields() | {"value": [1]}, {"table": "x"}):
        with pytest.raises(Refused):
            read_opening(wrong)
