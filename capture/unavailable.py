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
    """Raises Unavailable in place of the store's and the driver's errors of a part that is away.

    What was being written may have been written all the same: its answer can be what was lost.
    """
    try:
        yield
    except StoreFailed as error:
        raise Unavailable(str(error), "The object store is away; try again.") from error
    except (OperationalError, InterfaceError, PoolExhausted) as error:
        raise _database_away() from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise _database_away() from error


def _database_away() -> Unavailable:
    return Unavailable("The database does not answer.", "Try again in a few seconds.")


def unwritable(error: OSError) -> Unavailable:
    """The spool's disk refuses what is written."""
    return Unavailable(f"The spool cannot be written: {error.strerror}.", "Look at the disk.")


def full(error: SpoolFull) -> Unavailable:
    """The spool takes nothing more."""
    return Unavailable(error.detail, error.remedy)
