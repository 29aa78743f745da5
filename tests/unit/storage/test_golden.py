"""Golden vectors: what was sealed once in a format opens for ever."""

import base64
import json
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys.folder import open_with
from storage.seal import Opener, SealedUnitKey

VECTORS = Path(__file__).parents[2] / "golden"


class OneEpoch:
    """A key provider with the vector's epoch and nothing else."""

    def __init__(self, name: str, private: bytes) -> None:
        self._name, self._private = name, private

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        assert epoch == self._name
        return open_with(self._private, sealed, info)


def test_format_pev1_opens() -> None:
    """Keys and object, byte by byte as `docs/formats/` describes them, give the plaintext back."""
    vector = json.loads((VECTORS / "pev1.json").read_text())
    raw = {name: base64.b64decode(vector[name]) for name in vector if name not in TEXTS}
    opener = Opener(OneEpoch(vector["epoch"], raw["epoch_private"]))
    unit_key = SealedUnitKey(raw["unit_public"], raw["sealed_unit_key"], vector["epoch"])
    opened = opener.unit(vector["unit"], unit_key).open(
        vector["take"], raw["sealed_take_key"], vector["seq"], vector["media_type"], raw["object"]
    )
    assert opened == raw["plaintext"]


class OneTransitKey:
    """What the key service does with the vector's key, as `docs/formats/` describes it."""

    def __init__(self, name: str, key: bytes) -> None:
        self._name, self._key = name, AESGCM(key)

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        assert epoch == self._name
        prefix = b"PET1vault:v1:"
        assert sealed.startswith(prefix)
        raw = base64.b64decode(sealed[len(prefix) :], validate=True)
        return self._key.decrypt(raw[:12], raw[12:], info)


def test_format_pet1_opens() -> None:
    """A unit key sealed to a key service is what the format says, and so are the keys below it."""
    vector = json.loads((VECTORS / "pet1.json").read_text())
    raw = {name: base64.b64decode(vector[name]) for name in vector if name not in TEXTS}
    opener = Opener(OneTransitKey(vector["epoch"], raw["epoch_key"]))
    unit_key = SealedUnitKey(raw["unit_public"], raw["sealed_unit_key"], vector["epoch"])
    opened = opener.unit(vector["unit"], unit_key).open(
        vector["take"], raw["sealed_take_key"], vector["seq"], vector["media_type"], raw["object"]
    )
    assert opened == raw["plaintext"]


TEXTS = {"format", "epoch", "unit", "take", "seq", "media_type"}
