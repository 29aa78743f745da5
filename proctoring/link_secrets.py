"""The secrets for links and tokens: the newest one signs, and each one verifies its own signatures.

A file of 32 bytes each, the newest first. A token begins with the id of its secret. A token without an id was
made before there were ids, and so by the oldest.
"""

import hashlib
import secrets
from collections.abc import Sequence

from proctoring.errors import Conflict

SECRET_BYTES = 32
SECRETS_MAX = 16
ID_CHARS = 8


def split(content: bytes) -> tuple[bytes, ...]:
    """The secrets of a file, the newest first. A file of another length is one secret."""
    if len(content) % SECRET_BYTES:
        return (content,)
    return tuple(content[at : at + SECRET_BYTES] for at in range(0, len(content), SECRET_BYTES))


def key_id(secret: bytes) -> str:
    """What a token says of the secret that signed it; nothing of the secret follows from it."""
    return hashlib.sha256(b"proctoring link secret\n" + secret).hexdigest()[:ID_CHARS]


def chosen(known: Sequence[bytes], token: str) -> tuple[bytes, str]:
    """The secret that a token claims to be signed with, and the rest of it."""
    claimed, _, rest = token.partition(".")
    by_id = {key_id(one): one for one in known}
    return (by_id[claimed], rest) if claimed in by_id else (known[-1], token)


def rotated(content: bytes, revoke: bool) -> bytes:
    """The file with a new secret before the others; alone, with `revoke`: then no earlier link opens
    anything.

    Raises Conflict at SECRETS_MAX.
    """
    known = () if revoke else split(content)
    if len(known) >= SECRETS_MAX:
        raise Conflict(
            f"There are {len(known)} secrets for links already.",
            "End the links of all of them with --revoke; candidates need new invitations then.",
        )
    return b"".join((secrets.token_bytes(SECRET_BYTES), *known))
