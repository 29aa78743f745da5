"""Random identifiers: 80 bits, 16 lower-case letters and digits. They say nothing about anybody."""

import base64
import secrets
from collections.abc import Callable

NewId = Callable[[], str]

ID_BYTES = 10


def new_id() -> str:
    """A fresh identifier, unique without asking anyone, safe in URLs and object keys."""
    return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().lower()
