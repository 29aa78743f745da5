"""Ends sessions whose window has closed, takes whose process is gone, and the wait for a page that fell
silent.

One transaction has a few sessions only, so that other writers wait for no more than these.
"""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.apart import failed_apart
from proctoring.recordings.ending import expire_overdue, overdue
from proctoring.recordings.model import EndCause
from proctoring.recordings.service import end_open_takes
from proctoring.recordings.settle import abandoned_sessions, settle_unheard, unheard

SESSIONS_AT_ONCE = 20

Find = Callable[[Db, Core], Sequence[str]]
End = Callable[[Db, Core, Sequence[str]], object]


def end_overdue(core: Core) -> set[str]:
    """End all of it. The sessions of which a row cannot be read: they stay as they are, and keep no other."""
    steps: tuple[tuple[Find, End], ...] = (
        (overdue, expire_overdue),
        (lambda db, core: abandoned_sessions(db, core.clock()), _end_takes),
        (lambda db, core: unheard(db, core.clock()), _settle),
    )
    unreadable: set[str] = set()
    for find, end in steps:
        with core.db.read() as db:
            found = find(db, core)
        for first in range(0, len(found), SESSIONS_AT_ONCE):
            some = found[first : first + SESSIONS_AT_ONCE]
            unreadable |= core.db.transact(partial(_together, core, end, some))
    return unreadable


def _together(core: Core, end: End, session_ids: Sequence[str], db: Db) -> set[str]:
    end(db, core, session_ids)
    return failed_apart(db)


def _end_takes(db: Db, core: Core, session_ids: Sequence[str]) -> None:
    end_open_takes(db, core, EndCause.SERVER_STOPPED, session_ids)


def _settle(db: Db, core: Core, session_ids: Sequence[str]) -> None:
    settle_unheard(db, core.clock(), session_ids)
