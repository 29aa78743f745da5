"""Signatures (Ed25519, RFC 8032) under certificates: anyone with the public half can check them."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.errors import NotAuthentic
from storage.keys import write_secret


class Signer:
    """Signs with one key that never leaves its file."""

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)

    @classmethod
    def ensure(cls, path: Path) -> "Signer":
        """The signer of the key file, made when missing (0600)."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            write_secret(path, Ed25519PrivateKey.generate().private_bytes_raw())
        return cls(path.read_bytes())

    @property
    def public(self) -> bytes:
        """The 32-byte public half."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises NotAuthentic unless `signature` over `message` is by the holder of `public`'s other half."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature as error:
        raise NotAuthentic("the signature does not match") from error
