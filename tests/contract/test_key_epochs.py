"""Promises of every provider of key epochs: a key folder, and a real key service through its three logins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

import pytest

from storage.errors import KeyMissing, NotAuthentic
from storage.keys.folder import EpochKeys, KeyFolder, OpeningKeys, SealingKeys
from storage.keys.powers import KeyPower
from storage.keys.transit import TransitEpochs, TransitOpening, TransitSealing
from storage.keys.transit_client import TransitClient
from storage.keys.transit_setup import set_up
from storage.seal import Opener, Sealer
from tests.support.names import UNIT_A, UNIT_B
from tests.support.openbao import OpenBaoServer
from tests.support.unit_keys import TAGS, tagged

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = timedelta(days=7)
SECRET, INFO = b"the private half of a unit's key", b"where it belongs"


@dataclass(frozen=True)
class Provider:
    """One set of epochs through three hands."""

    sealing: SealingKeys
    opening: OpeningKeys
    epochs: EpochKeys


def folder_provider(folder: Path) -> Provider:
    files = KeyFolder(folder)
    return Provider(files, files, files)


def transit_provider(server: OpenBaoServer, folder: Path) -> Provider:
    address = server.engine(f"keys-{token_hex(4)}")
    logins = {power: folder / f"{power.value}.login" for power in KeyPower}
    set_up(address, server.root_login, logins)
    sealer, opener, shredder = (TransitClient(address, logins[power]) for power in KeyPower)
    files = KeyFolder(folder)
    return Provider(TransitSealing(sealer), TransitOpening(opener, files), TransitEpochs(shredder, files))


@pytest.fixture(params=["folder", "transit"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Provider:
    if request.param == "folder":
        return folder_provider(tmp_path)
    return transit_provider(request.getfixturevalue("openbao"), tmp_path)


def refused(kind: type[Exception], act: Callable[[], object]) -> None:
    with pytest.raises(kind):
        act()


@pytest.mark.promise("P13")
def test_what_was_sealed_opens_and_looks_like_nothing(keys: Provider) -> None:
    """Sealed to the newest epoch it opens by that epoch's name; the secret does not shine through."""
    name = keys.epochs.ensure_epoch(NOW)
    epoch = keys.sealing.newest()
    sealed = epoch.seal(SECRET, INFO)
    assert epoch.name == name == "kek-2026w48"
    assert SECRET not in sealed
    assert epoch.seal(SECRET, INFO) != sealed
    assert keys.opening.open(name, sealed, INFO) == SECRET


def test_a_seal_opens_in_its_place_only(keys: Provider) -> None:
    """Other info, altered or cut bytes, another week's epoch: NotAuthentic, each time."""
    name = keys.epochs.ensure_epoch(NOW)
    sealed = keys.sealing.newest().seal(SECRET, INFO)
    other = keys.epochs.ensure_epoch(NOW + WEEK)
    refused(NotAuthentic, lambda: keys.opening.open(name, sealed, INFO + b"."))
    refused(NotAuthentic, lambda: keys.opening.open(name, sealed, b""))
    refused(NotAuthentic, lambda: keys.opening.open(other, sealed, INFO))
    for place in (len(sealed) // 2, len(sealed) - 5):
        altered = bytearray(sealed)
        altered[place] ^= 1
        refused(NotAuthentic, lambda altered=altered: keys.opening.open(name, bytes(altered), INFO))  # type: ignore[misc]
    for length in (len(sealed) - 4, len(sealed) // 2, 20):
        refused(NotAuthentic, lambda length=length: keys.opening.open(name, sealed[:length], INFO))  # type: ignore[misc]


def test_there_is_nothing_to_seal_to_before_the_first_epoch(keys: Provider) -> None:
    """KeyMissing, not a key out of nowhere."""
    refused(KeyMissing, keys.sealing.newest)
    assert keys.epochs.epochs() == []


def test_an_epoch_is_made_once(keys: Provider) -> None:
    """Whoever asks again, or at the same time, gets the same epoch: what was sealed to it still opens."""
    with ThreadPoolExecutor(4) as at_once:
        names = set(at_once.map(keys.epochs.ensure_epoch, [NOW] * 4))
    assert names == {"kek-2026w48"}
    sealed = keys.sealing.newest().seal(SECRET, INFO)
    assert keys.epochs.ensure_epoch(NOW + timedelta(days=6, hours=23)) == "kek-2026w48"
    assert keys.opening.open("kek-2026w48", sealed, INFO) == SECRET


def test_the_newest_epoch_is_sealed_to_and_older_ones_open(keys: Provider) -> None:
    """Epochs are listed from the oldest; a new one changes nothing for what came before."""
    first = keys.epochs.ensure_epoch(NOW)
    sealed = keys.sealing.newest().seal(SECRET, INFO)
    newest = keys.epochs.ensure_epoch(NOW + 6 * WEEK)
    assert keys.sealing.newest().name == newest == "kek-2027w01"
    assert keys.epochs.epochs() == [first, newest]
    assert keys.opening.open(first, sealed, INFO) == SECRET


@pytest.mark.promise("P7")
def test_a_destroyed_epoch_is_dead(keys: Provider) -> None:
    """What was sealed to it never opens again, not even when an epoch of the same name is made anew; the
    others live on; destroying twice is harmless."""
    old = keys.epochs.ensure_epoch(NOW)
    sealed = keys.sealing.newest().seal(SECRET, INFO)
    new = keys.epochs.ensure_epoch(NOW + WEEK)
    kept = keys.sealing.newest().seal(SECRET, INFO)
    keys.epochs.destroy(old)
    keys.epochs.destroy(old)
    assert keys.epochs.epochs() == [new]
    refused(KeyMissing, lambda: keys.opening.open(old, sealed, INFO))
    assert keys.opening.open(new, kept, INFO) == SECRET
    keys.epochs.ensure_epoch(NOW)
    refused(NotAuthentic, lambda: keys.opening.open(old, sealed, INFO))


@pytest.mark.parametrize("name", ["../../etc/passwd", "kek-x", "", "kek-2026w48/config"])
def test_no_other_name_reaches_the_provider(keys: Provider, name: str) -> None:
    """An epoch's name comes from the database: anything else is KeyMissing, for opening and destroying."""
    refused(KeyMissing, lambda: keys.opening.open(name, b"PET1vault:v1:x", INFO))
    refused(KeyMissing, lambda: keys.epochs.destroy(name))


@pytest.mark.promise("P13")
def test_units_are_sealed_opened_and_moved_over_it(keys: Provider) -> None:
    """Sealer and Opener do the same over each: a unit's key is its own, and moves to the newest epoch."""
    keys.epochs.ensure_epoch(NOW)
    sealer, opener = Sealer(keys.sealing, TAGS), Opener(keys.opening)
    key = sealer.new_unit_key(UNIT_A)
    take, take_key = sealer.new_take(tagged(UNIT_A, key.public), UNIT_A)
    segment = take.seal(0, "video/webm", b"a living room")
    refused(NotAuthentic, lambda: opener.unit(UNIT_B, key))
    new = keys.epochs.ensure_epoch(NOW + WEEK)
    moved = opener.reseal(UNIT_A, key, sealer)
    keys.epochs.destroy(key.epoch)
    assert moved.epoch == new
    refused(KeyMissing, lambda: opener.unit(UNIT_A, key))
    assert opener.unit(UNIT_A, moved).open(UNIT_A, take_key, 0, "video/webm", segment) == b"a living room"
