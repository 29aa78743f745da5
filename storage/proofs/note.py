"""Signed notes (C2SP signed-note): a text of lines, an empty line, and a line that names the signer.

    <text, ends with a newline>
    <empty line>
    — <name> <base64 of key id (4 bytes) ‖ Ed25519 signature (64 bytes)>

The name is the origin of the signed text, and the signature covers it. So a note about one thing is never
taken for a note about another. Exactly one signature; a version with cosignatures would be a new one.
"""

import base64
import binascii
import hashlib
import re

from storage.errors import NotAuthentic, Refused
from storage.proofs.sign import NoteSigner as NoteSigner
from storage.proofs.sign import check_signature

ALGORITHM_ED25519 = b"\x01"
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
NOTE_BYTES_MAX = 4096
_NAME = re.compile(r"[a-z0-9]+(/[a-z0-9]+)*")
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)\n")


def key_id(name: str, public: bytes) -> bytes:
    """SHA-256 of name, newline, algorithm, public key; its first four bytes."""
    return hashlib.sha256(name.encode() + b"\n" + ALGORITHM_ED25519 + public).digest()[:KEY_ID_BYTES]


def sign_note(signer: NoteSigner, name: str, text: str) -> str:
    """The whole note. `text` ends with a newline and has no empty line."""
    if not _NAME.fullmatch(name) or not text.endswith("\n") or "\n\n" in text:
        raise Refused("wrong-note", f"this cannot be signed as {name!r}")
    line = base64.b64encode(key_id(name, signer.public) + signer.sign(text.encode())).decode()
    return f"{text}\n— {name} {line}\n"


def open_note(public: bytes, name: str, note: str) -> str:
    """The text, once its signature by `public` in this name holds. Raises Refused."""
    text, between, signature = note.partition("\n\n")
    line = _SIGNATURE_LINE.fullmatch(signature)
    if not between or line is None or len(note) > NOTE_BYTES_MAX:
        raise Refused("wrong-note", "this is no signed note")
    if line[1] != name:
        raise Refused("wrong-name", f"the note is signed in the name of {line[1][:60]!r}, not {name!r}")
    signed = decode(line[2], KEY_ID_BYTES + SIGNATURE_BYTES)
    if signed[:KEY_ID_BYTES] != key_id(name, public):
        raise Refused("other-key", "the note is signed with another key")
    try:
        check_signature(public, f"{text}\n".encode(), signed[KEY_ID_BYTES:])
    except (NotAuthentic, ValueError) as error:
        raise Refused("bad-signature", "the signature does not match") from error
    return f"{text}\n"


def decode(text: str, length: int) -> bytes:
    """Base64 of exactly `length` bytes in its one canonical spelling. Raises Refused."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != length or base64.b64encode(data).decode() != text:
        raise Refused("wrong-note", f"this is no base64 of {length} bytes")
    return data
