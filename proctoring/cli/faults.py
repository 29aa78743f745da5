"""Errors as shown to a person: what is wrong, and what to do. Never a traceback."""

import errno
import os
import tempfile
import traceback
from dataclasses import dataclass

from sqlalchemy.exc import DatabaseError

from capture.errors import CaptureError
from proctoring.errors import CoreError
from storage.errors import VaultError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
DISK_FULL = "Make room on that disk, or name a folder on another."
NO_RIGHTS = "Correct the name, or who may read and write there."


@dataclass(frozen=True, slots=True)
class Told:
    """Two sentences below a title."""

    title: str
    detail: str
    remedy: str


def told(error: Exception) -> Told:
    """The error in words. One that nobody foresaw is a fault of the program; its trace goes to a file."""
    match error:
        case CoreError():
            return Told(error.title, error.detail, error.remedy)
        case CaptureError():
            return Told("Not possible here", error.detail, error.remedy)
        case VaultError():
            return Told("The vault refused", str(error), "Check the data folder and its keys.")
        case DatabaseError():
            said = str(error.orig).strip().partition("\n")[0]
            return Told(
                "Not available right now",
                f"The database does not do what was asked: {said}.",
                "Look at the data folder, or at PROCTORING_DATABASE_URL; `proctoring doctor` says more.",
            )
        case OSError():
            named = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return Told("Not possible here", f"{named}.", DISK_FULL if error.errno in FULL else NO_RIGHTS)
    return Told(
        "A fault of the program",
        f"Nobody foresaw this: {type(error).__name__}.",
        f"Report it, with {_kept(error)}, which says where it happened.",
    )


def _kept(error: Exception) -> str:
    """The name of a file, 0600, with the error's trace; it may hold what the command was given."""
    descriptor, name = tempfile.mkstemp(prefix="proctoring-fault-", suffix=".txt")
    with os.fdopen(descriptor, "w") as file:
        traceback.print_exception(error, file=file)
    return name
