"""Types of columns of which there are millions: a hash as its bytes, an instant as milliseconds.

To the program they are the text and the instant that a leaf has. Reading raises ValueError for a value that
is neither.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from proctoring.clock import from_unix_ms, to_unix_ms

HASH_BYTES = 32


class Hash(TypeDecorator[str]):
    """A SHA-256 in hex, stored as bytes."""

    impl = LargeBinary
    cache_ok = True
    python_type = str

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        if value is not None and len(value) != HASH_BYTES:
            raise ValueError("no SHA-256")
        return None if value is None else value.hex()


class UnixMs(TypeDecorator[datetime]):
    """An instant, stored in milliseconds since 1970: as exactly as a leaf tells it."""

    impl = BigInteger
    cache_ok = True
    python_type = datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_unix_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        if value is not None and type(value) is not int:
            raise ValueError("no instant")
        return None if value is None else from_unix_ms(value)
