"""Seals: only the right key opens them, only in their own place, only whole."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.canonical import context
from storage.errors import KeyMissing, NotAuthentic
from storage.keys.folder import KeyFolder, epoch_name, generate_pair
from storage.keys.unit_tags import UnitTags
from storage.seal import Opener, SealedUnitKey, Sealer, TakeSealer, UnitOpener
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.support.unit_keys import TAGS, tagged

MEDIA = 'video/mp4; codecs="avc1.42e01f,opus"'
PLAIN = b"a segment of somebody's living room" * 5000


class Sealed(NamedTuple):
    folder: Path
    sealer: Sealer
    unit: SealedUnitKey
    take: TakeSealer
    take_key: bytes
    opener: UnitOpener


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """A unit and a take of it, and an opener of that unit."""
    folder = tmp_path_factory.mktemp("keys")
    keys = KeyFolder(folder)
    keys.ensure_epoch(datetime(2026, 11, 23, tzinfo=UTC))
    sealer = Sealer(keys, TAGS)
    unit = sealer.new_unit_key(UNIT_A)
    take, take_key = sealer.new_take(tagged(UNIT_A, unit.public), TAKE_1)
    return Sealed(folder, sealer, unit, take, take_key, Opener(keys).unit(UNIT_A, unit))


@pytest.mark.promise("P13")
def test_what_was_sealed_opens(sealed: Sealed) -> None:
    """The plaintext comes back whole; the object carries none of it."""
    ciphertext = sealed.take.seal(3, MEDIA, PLAIN)
    assert sealed.opener.open(TAKE_1, sealed.take_key, 3, MEDIA, ciphertext) == PLAIN
    assert PLAIN[:16] not in ciphertext


@pytest.mark.parametrize(
    ("take", "seq", "media"), [(TAKE_2, 3, MEDIA), (TAKE_1, 4, MEDIA), (TAKE_1, 3, "video/webm")]
)
def test_no_segment_stands_in_for_another(sealed: Sealed, take: str, seq: int, media: str) -> None:
    """Another take, number or media type does not open it."""
    ciphertext = sealed.take.seal(3, MEDIA, PLAIN)
    with pytest.raises(NotAuthentic):
        sealed.opener.open(take, sealed.take_key, seq, media, ciphertext)


def test_cut_and_altered_objects_do_not_open(sealed: Sealed) -> None:
    """A flipped bit at any chunk's start, middle or end, and a cut anywhere, are NotAuthentic."""
    ciphertext = sealed.take.seal(0, MEDIA, PLAIN)
    for place in (0, 3, 4, 20, 16_384, 16_400, len(ciphertext) // 2, len(ciphertext) - 1):
        flipped = bytearray(ciphertext)
        flipped[place] ^= 1
        with pytest.raises(NotAuthentic):
            sealed.opener.open(TAKE_1, sealed.take_key, 0, MEDIA, bytes(flipped))
    for length in (0, 3, 4, 5, 16_388, 16_404, len(ciphertext) - 16, len(ciphertext) - 1):
        with pytest.raises(NotAuthentic):
            sealed.opener.open(TAKE_1, sealed.take_key, 0, MEDIA, ciphertext[:length])


def test_a_unit_key_is_its_own_units_only(sealed: Sealed) -> None:
    """Moving a sealed key to another unit's row opens nothing."""
    with pytest.raises(NotAuthentic):
        Opener(KeyFolder(sealed.folder)).unit(UNIT_B, sealed.unit)


@pytest.mark.promise("P13")
@pytest.mark.parametrize("field", ["unit", "session", "kind", "public", "tag"])
def test_nothing_is_sealed_to_a_public_half_that_was_not_made_for_the_unit(
    sealed: Sealed, field: str
) -> None:
    """Another half, another place for the right one, another tag or none: refused, and no take key is
    made."""
    others: dict[str, object] = {"unit": UNIT_B, "public": generate_pair()[1], "tag": None}
    moved = replace(tagged(UNIT_A, sealed.unit.public), **{field: others.get(field, "other")})  # type: ignore[arg-type]
    with pytest.raises(NotAuthentic):
        sealed.sealer.new_take(moved, TAKE_2)
    foreign = replace(moved, tag=UnitTags(b"3" * 32).tag(moved))
    with pytest.raises(NotAuthentic):
        sealed.sealer.new_take(foreign, TAKE_2)


def test_without_the_secret_for_tags_nothing_is_sealed(sealed: Sealed) -> None:
    """A process that re-seals, and so has a Sealer, makes no take: not with the right half either."""
    with pytest.raises(KeyMissing):
        Sealer(KeyFolder(sealed.folder)).new_take(tagged(UNIT_A, sealed.unit.public), TAKE_2)


def test_a_public_half_beside_another_private_one_opens_nothing(sealed: Sealed) -> None:
    """Who opens notices a public half that was replaced, before anything is opened with its private one."""
    other = replace(sealed.unit, public=generate_pair()[1])
    with pytest.raises(NotAuthentic):
        Opener(KeyFolder(sealed.folder)).unit(UNIT_A, other)


def test_capture_cannot_read_a_take_that_has_ended(sealed: Sealed) -> None:
    """Once the take's key is forgotten nothing more is sealed with it."""
    take, _ = sealed.sealer.new_take(tagged(UNIT_A, sealed.unit.public), TAKE_2)
    take.forget()
    with pytest.raises(KeyMissing):
        take.seal(0, MEDIA, b"")


def test_the_private_half_is_for_its_owner_only(sealed: Sealed) -> None:
    """Key files are 0600 in a 0700 folder, apart from the public halves."""
    private = sealed.folder / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in private.iterdir()] == [0o600]


def test_without_the_epochs_private_half_nothing_opens(sealed: Sealed, tmp_path: Path) -> None:
    """A process that holds the public folder alone seals and cannot open."""
    (tmp_path / "public").symlink_to(sealed.folder / "public")
    with pytest.raises(KeyMissing):
        Opener(KeyFolder(tmp_path)).unit(UNIT_A, sealed.unit)
    for name in ("../../etc/passwd", "kek-x", ""):
        with pytest.raises(KeyMissing):
            KeyFolder(sealed.folder).open(name, b"", b"")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_contexts_are_injective(first: list[str], second: list[str]) -> None:
    """Two lists of parts have the same context only if they are the same list."""
    assert (context("label", *first) == context("label", *second)) == (first == second)


def test_an_epoch_is_an_iso_week() -> None:
    """The last days of December may belong to week 1 of the next year."""
    assert epoch_name(datetime(2026, 11, 23, tzinfo=UTC)) == "kek-2026w48"
    assert epoch_name(datetime(2024, 12, 30, tzinfo=UTC)) == "kek-2025w01"
