"""KEK epochs: the weekly keys that every evidence unit's key is sealed to, and the three powers over them.

In this module they are key files: hybrid key pairs (ML-KEM-768 + X25519). The public half goes to every
process; the private half is only here, outside the database and the bucket. With only a `PublicEpoch` a
process can seal and never open.

The suite is HPKE (RFC 9180) with MLKEM768_X25519, SHAKE256 and AES-256-GCM. The same three powers over a key
service: `storage.keys.transit`.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from storage.durable import EVERYBODY, replace, write_new
from storage.errors import KeyMissing, NotAuthentic

SUITE = Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
MLKEM_SEED_BYTES = 64
MLKEM_PUBLIC_BYTES = 1184
X25519_BYTES = 32
_EPOCH = re.compile(r"kek-[0-9]{4}w[0-9]{2}")


@dataclass(frozen=True, slots=True)
class PublicEpoch:
    """What a sealing process is given: the epoch's name and its public half."""

    name: str
    public: bytes

    def seal(self, secret: bytes, info: bytes) -> bytes:
        """HPKE-seal a secret to this epoch, bound to `info`."""
        return seal_to(self.public, secret, info)


class Epoch(Protocol):
    """One epoch, as who may only seal sees it."""

    @property
    def name(self) -> str: ...

    def seal(self, secret: bytes, info: bytes) -> bytes:
        """The secret sealed to this epoch, bound to `info`. Raises KeyServiceFailed."""


class SealingKeys(Protocol):
    """What a sealing process may ask: which epoch is the newest. It may change while the process lives."""

    def newest(self) -> Epoch:
        """The newest epoch. Raises KeyMissing when there is none yet, KeyServiceFailed."""


class OpeningKeys(Protocol):
    """What a process that opens may ask."""

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        """What was sealed to the epoch. Raises KeyMissing, NotAuthentic or KeyServiceFailed."""


class EpochKeys(Protocol):
    """What rotation may do: make epochs and destroy them; neither seal nor open. Raises KeyServiceFailed."""

    def ensure_epoch(self, now: datetime) -> str:
        """The newest epoch's name, after this week's was made where it was missing."""

    def epochs(self) -> list[str]:
        """Names of the epochs that can be opened, the oldest first."""

    def destroy(self, epoch: str) -> None:
        """Destroy the key; what is sealed to the epoch never opens again. Harmless to repeat."""


def epoch_name(now: datetime) -> str:
    """The epoch of the ISO week that holds `now`, as `kek-2026w48`."""
    year, week, _ = now.isocalendar()
    return f"kek-{year}w{week:02d}"


def generate_pair() -> tuple[bytes, bytes]:
    """A fresh key pair as (private, public): ML-KEM seed ‖ X25519 scalar, ML-KEM key ‖ X25519 point."""
    mlkem, x25519 = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
    private = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
    return private, public_half(private)


def public_half(private: bytes) -> bytes:
    """The public half that belongs to a private one. Raises KeyMissing for what is none."""
    return PrivateHalf(private).public


class PrivateHalf:
    """A private half, read once for all that it opens. Raises KeyMissing for what is none."""

    def __init__(self, private: bytes) -> None:
        if len(private) != MLKEM_SEED_BYTES + X25519_BYTES:
            raise KeyMissing("this is no private key")
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(private[:MLKEM_SEED_BYTES])
        self._x25519 = X25519PrivateKey.from_private_bytes(private[MLKEM_SEED_BYTES:])

    @property
    def public(self) -> bytes:
        """The public half that belongs to it."""
        return self._mlkem.public_key().public_bytes_raw() + self._x25519.public_key().public_bytes_raw()

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """HPKE-open. Raises NotAuthentic for a wrong key, wrong info or altered bytes."""
        try:
            key = MLKEM768X25519PrivateKey(self._mlkem, self._x25519)
            return SUITE.decrypt(sealed, key, info=info)
        except (InvalidTag, ValueError) as error:
            raise NotAuthentic("a sealed key does not open") from error


def seal_to(public: bytes, secret: bytes, info: bytes) -> bytes:
    """HPKE-seal a secret to a public half, bound to `info`."""
    if len(public) != MLKEM_PUBLIC_BYTES + X25519_BYTES:
        raise KeyMissing("this is no public key")
    key = MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_BYTES]),
        X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_BYTES:]),
    )
    return SUITE.encrypt(secret, key, info=info)


def open_with(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """`PrivateHalf.open`, for one thing only."""
    return PrivateHalf(private).open(sealed, info)


class KeyFolder:
    """Epochs as files: `public/<epoch>.pub` for all, `private/<epoch>.key` (0600) for openers only."""

    def __init__(self, root: Path) -> None:
        self._public = root / "public"
        self._private = root / "private"

    def ensure_epoch(self, now: datetime) -> str:
        """See EpochKeys. An epoch that was made is made again never."""
        name = epoch_name(now)
        self._public.mkdir(parents=True, exist_ok=True)
        self._private.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = self._public / f"{name}.pub"
        if not half.exists():
            # The private half first: a public half without it would seal what nobody can open. Whoever comes
            # after a crash, or at the same time, finishes with the private half that is there.
            with suppress(FileExistsError):
                write_secret(self._private / f"{name}.key", generate_pair()[0])
            replace(half, public_half((self._private / f"{name}.key").read_bytes()), EVERYBODY)
        return self.newest().name

    def newest(self) -> PublicEpoch:
        """The newest public half. Raises KeyMissing when there is none yet."""
        files = sorted(self._public.glob("kek-*.pub"))
        if not files:
            raise KeyMissing("there is no key epoch yet; run `proctoring init`")
        return PublicEpoch(files[-1].stem, files[-1].read_bytes())

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        """See OpeningKeys."""
        try:
            private = (self._private / f"{check_epoch(epoch)}.key").read_bytes()
        except FileNotFoundError:
            raise KeyMissing(f"the private half of {epoch} is not here") from None
        return open_with(private, sealed, info)

    def epochs(self) -> list[str]:
        """See EpochKeys."""
        return sorted(file.stem for file in self._private.glob("kek-*.key"))

    def destroy(self, epoch: str) -> None:
        """See EpochKeys. The bytes are overwritten first, for disks that keep what they unlink."""
        for file in (self._private / f"{check_epoch(epoch)}.key", self._public / f"{epoch}.pub"):
            if file.exists():
                overwrite(file)
                file.unlink()


def overwrite(path: Path) -> None:
    """Replace a file's bytes in place with random ones, flushed to the disk."""
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def is_epoch(name: str) -> bool:
    """Whether it has the form of an epoch's name."""
    return _EPOCH.fullmatch(name) is not None


def check_epoch(epoch: str) -> str:
    """The name, if it is an epoch's. Raises KeyMissing."""
    if not is_epoch(epoch):
        raise KeyMissing(f"{epoch!r} is no key epoch")
    return epoch


def write_secret(path: Path, secret: bytes) -> None:
    """Write a new file that only its owner can read, on the disk when this returns. Raises
    FileExistsError."""
    write_new(path, secret)
