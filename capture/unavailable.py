"""Translates every failure of object store or database into one error, `Unavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from capture.errors import SpoolFull
from proctoring.errors import Unavailable
from storage.errors import StoreFailed


@contextmanager
def available() -> Iterator[None]:
    """Raises Unavailable in place of the errors of the store's client and the database driver.

    A write may have succeeded although it raises: perhaps only the answer was lost.
    """
    try:
        yield
    except StoreFailed as error:
        raise Unavailable(str(error), "The object store is away; try again.") from error
    except (OperationalError, InterfaceError, PoolExhausted) as error:
        raise _database_unreachable() from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise _database_unreachable() from error


def _database_unreachable() -> Unavailable:
    return Unavailable("The database does not answer.", "Try again in a few seconds.")


def unwritable(error: OSError) -> Unavailable:
    """Unavailable, since the spool's disk refuses to write."""
    return Unavailable(f"The spool cannot be written: {error.strerror}.", "Look at the disk.")


def full(error: SpoolFull) -> Unavailable:
    """Unavailable, since the spool is full."""
    return Unavailable(error.detail, error.remedy)
