"""Sealing and opening: every byte is encrypted before it is stored, and bound to its place.

Each evidence unit has a key pair, whose private half is sealed to the KEK epoch. Each take has a key, sealed
to the unit, and each segment is sealed under its take's key. The context of a seal names unit, take, number
and media type, so no segment can replace another. Formats: `docs/formats/`.

`Sealer` cannot open; `Opener` cannot destroy; erasure is `storage.objects.shred`.
"""

import os
from dataclasses import dataclass

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from storage.canonical import context
from storage.errors import KeyMissing, NotAuthentic
from storage.keys.folder import OpeningKeys, PrivateHalf, SealingKeys, generate_pair, seal_to
from storage.keys.unit_tags import UnitPublicKey, UnitTags

MAGIC = b"PEV1"
TAKE_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealedUnitKey:
    """What the unit's row keeps: never more than a sealed private half."""

    public: bytes
    sealed_private: bytes
    epoch: str


def _unit_info(unit_id: str, epoch: str) -> bytes:
    return context("PEV1 unit key", unit_id, epoch)


def _take_info(unit_id: str, take_id: str) -> bytes:
    return context("PEV1 take key", unit_id, take_id)


def _segment_context(unit_id: str, take_id: str, seq: int, media_type: str) -> bytes:
    return context("PEV1 segment", unit_id, take_id, seq, media_type)


class Sealer:
    """Makes keys for new units and takes. Has the power to seal only; without `tags`, to re-seal only."""

    def __init__(self, keys: SealingKeys, tags: UnitTags | None = None) -> None:
        self._keys = keys
        self.tags = tags or UnitTags(None)

    def new_unit_key(self, unit_id: str) -> SealedUnitKey:
        """A key pair for a unit; the private half exists only sealed once this returns.

        Raises KeyMissing before there is an epoch, KeyServiceFailed.
        """
        private, public = generate_pair()
        return self.seal_unit_key(unit_id, public, private)

    def seal_unit_key(self, unit_id: str, public: bytes, private: bytes) -> SealedUnitKey:
        """The unit's key sealed to the newest epoch. Raises as `new_unit_key` does."""
        epoch = self._keys.newest()
        return SealedUnitKey(public, epoch.seal(private, _unit_info(unit_id, epoch.name)), epoch.name)

    def new_take(self, unit: UnitPublicKey, take_id: str) -> tuple["TakeSealer", bytes]:
        """A sealer for one take, and the take's key sealed to the unit, to be stored with the take.

        Raises NotAuthentic when the public half is not the one that was made for the unit: nothing is sealed.
        """
        self.tags.check(unit)
        key = os.urandom(TAKE_KEY_BYTES)
        return TakeSealer(unit.unit, take_id, key), seal_to(unit.public, key, _take_info(unit.unit, take_id))


class TakeSealer:
    """Seals the segments of one take while it lasts; afterwards nobody here can read them."""

    def __init__(self, unit_id: str, take_id: str, key: bytes) -> None:
        self._unit_id = unit_id
        self._take_id = take_id
        self._key: bytes | None = key

    def seal(self, seq: int, media_type: str, data: bytes) -> bytes:
        """The segment object. Raises KeyMissing after `forget`."""
        if self._key is None:
            raise KeyMissing("the take has ended")
        encryptor = Cobblestone256Encryptor(
            self._key, _segment_context(self._unit_id, self._take_id, seq, media_type)
        )
        return MAGIC + encryptor.update(data) + encryptor.finalize()

    def forget(self) -> None:
        """Drop the take's key."""
        self._key = None


class Opener:
    """Unwraps one evidence unit at a time. Callers enter the custody ledger first."""

    def __init__(self, keys: OpeningKeys) -> None:
        self._keys = keys

    def unit(self, unit_id: str, key: SealedUnitKey) -> "UnitOpener":
        """Raises KeyMissing when the epoch is destroyed, NotAuthentic when the key is not this unit's, and
        KeyServiceFailed."""
        _, half = self._private(unit_id, key)
        return UnitOpener(unit_id, half)

    def reseal(self, unit_id: str, key: SealedUnitKey, sealer: Sealer) -> SealedUnitKey:
        """The same unit key sealed to the newest epoch; no object is touched. Raises as `unit` does."""
        private, _ = self._private(unit_id, key)
        return sealer.seal_unit_key(unit_id, key.public, private)

    def _private(self, unit_id: str, key: SealedUnitKey) -> tuple[bytes, PrivateHalf]:
        private = self._keys.open(key.epoch, key.sealed_private, _unit_info(unit_id, key.epoch))
        half = PrivateHalf(private)
        if half.public != key.public:
            raise NotAuthentic("the public half beside a sealed key is not its own")
        return private, half


class UnitOpener:
    """Opens segments of one unit."""

    def __init__(self, unit_id: str, private: PrivateHalf) -> None:
        self._unit_id = unit_id
        self._private = private

    def open(self, take_id: str, sealed_key: bytes, seq: int, media_type: str, sealed: bytes) -> bytes:
        """The segment's plaintext, after all of it was authenticated. Raises NotAuthentic."""
        key = self.take_key(take_id, sealed_key)
        return open_segment(
            key, unit_id=self._unit_id, take_id=take_id, seq=seq, media_type=media_type, sealed=sealed
        )

    def take_key(self, take_id: str, sealed_key: bytes) -> bytes:
        """The key of one take, as an evidence package discloses it: it opens that take and nothing else.

        Raises NotAuthentic.
        """
        return self._private.open(sealed_key, _take_info(self._unit_id, take_id))


def open_segment(
    key: bytes, *, unit_id: str, take_id: str, seq: int, media_type: str, sealed: bytes
) -> bytes:
    """A segment's plaintext by its take's key, after all of it was authenticated. Raises NotAuthentic."""
    if sealed[: len(MAGIC)] != MAGIC:
        raise NotAuthentic("this is no sealed segment of a known version")
    decryptor = Cobblestone256Decryptor(key, _segment_context(unit_id, take_id, seq, media_type))
    try:
        return decryptor.update(memoryview(sealed)[len(MAGIC) :]) + decryptor.finalize()
    except InvalidTag as error:
        raise NotAuthentic("a segment does not open: altered, cut, or not in its place") from error
