"""Signatures (Ed25519, RFC 8032): anyone with the public half can check them.

One key signs notes (`storage.proofs.note`) and bodies. A signature for one purpose is invalid for any other:
a note begins with its name, and for a body the purpose is signed too. In the first version the body alone was
signed. Such a signature, 128 hex digits and nothing before them, is still valid.
"""

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.errors import NotAuthentic
from storage.keys.folder import write_secret

VERSION = "2:"
_DOMAIN = "proctoring/"


class Purpose(StrEnum):
    """What a signed body is."""

    CERTIFICATE = "certificate"
    ACT = "act"
    RESTORATION = "restored"
    LEDGER_PAGE = "ledger-page"  # of the ledger, read and replayed (`proctoring.proofs.pages`)
    COMPARED = "compared"  # how far a database has what the copy says (`proctoring.restore.compared`)
    REPLAYED = "replayed"  # rows of a session as they agreed with it (`proctoring.proofs.memory`)


class NoteSigner(Protocol):
    """What signing needs; `Signer` is one."""

    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes) -> bytes: ...


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


def sign_body(signer: NoteSigner, purpose: Purpose, body: str) -> str:
    """The signature for this purpose as it is stored next to the body: its version, and 64 bytes in hex."""
    return VERSION + signer.sign(_message(purpose, body)).hex()


def check_body(public: bytes, purpose: Purpose, body: str, signature: str) -> None:
    """Raises NotAuthentic unless the body was signed for this purpose by the holder of `public`'s other
    half."""
    versioned = signature.startswith(VERSION)
    message = _message(purpose, body) if versioned else body.encode()
    try:
        check_signature(public, message, bytes.fromhex(signature.removeprefix(VERSION)))
    except ValueError as error:
        raise NotAuthentic("this is no signature") from error


def _message(purpose: Purpose, body: str) -> bytes:
    return f"{_DOMAIN}{purpose.value}\n{body}".encode()


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises NotAuthentic unless `signature` over `message` is by the holder of `public`'s other half."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature as error:
        raise NotAuthentic("the signature does not match") from error
