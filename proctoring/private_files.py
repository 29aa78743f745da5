"""SQLite's files are for their owner alone, whatever the folder lets others see."""

import os
from contextlib import suppress
from pathlib import Path

from storage.durable import OWNER_ONLY

BESIDE = ("", "-wal", "-shm", "-journal")


def keep_private(file: Path) -> None:
    """The database's file, made where it is missing, and what is beside it. What SQLite makes later has the
    rights of the first. Whatever cannot be done here, SQLite says as it opens the file.

    A file that is there is never opened here: closing it would end every lock that this process has on it
    (POSIX), SQLite's among them, and another process would take the database's log for nobody's.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    for end in BESIDE:
        one = file.with_name(file.name + end)
        with suppress(OSError):
            if one.stat().st_mode & 0o077:
                one.chmod(OWNER_ONLY)
