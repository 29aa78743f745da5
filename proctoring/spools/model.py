"""A capture process as it tells of itself: whether it can keep what is recorded, and what waits for what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

TOLD_FOR = timedelta(minutes=1)
"""After this long without a word, nothing is known of a process: it ended, or cannot reach the database."""


class Trouble(StrEnum):
    """Why nothing more is accepted for now. What was accepted is safe in each."""

    DISK_FULL = "disk-full"  # less is free than the reserve that is left to others
    SPOOL_FULL = "spool-full"  # as much waits for object store and database as may
    UNWRITABLE = "unwritable"  # the disk refuses what is written


@dataclass(frozen=True, slots=True)
class Told:
    """`waiting_bytes` wait in the spool for object store and database, `memory_bytes` in memory for the
    spool.

    Since the process began, the system had no room for `datagrams_lost` of publishers, and `sounds_lost`
    packets of sound did not come, whyever.
    """

    trouble: Trouble | None
    free_bytes: int
    waiting_bytes: int
    memory_bytes: int = 0
    datagrams_lost: int = 0
    sounds_lost: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """The last report. `since` is when the present trouble began."""

    told: Told
    since: datetime | None
