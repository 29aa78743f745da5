"""SQLite's files are for their owner alone, whatever the folder lets others see."""

import os
from contextlib import suppress
from pathlib import Path

from storage.durable import OWNER_ONLY

BESIDE = ("", "-wal", "-shm", "-journal")


def keep_private(file: Path) -> None:
    """Makes the database's file private, and the files next to it; makes it where it is missing. Files that
    SQLite makes later have the rights of the first. Any failure here is reported by SQLite as it opens the
    file.

    An existing file is never opened here. Closing it would end every lock that this process has on it
    (POSIX), SQLite's among them. Another process would then treat the database's log as ownerless.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    for end in BESIDE:
        one = file.with_name(file.name + end)
        with suppress(OSError):
            if one.stat().st_mode & 0o077:
                one.chmod(OWNER_ONLY)
