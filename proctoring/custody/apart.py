"""Work for many sessions or units in one transaction: where the rows of one cannot be read, the others do not
wait."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.orm import Session as Db

from proctoring.custody.service import PENDING
from proctoring.tolerant import UNREADABLE, came_of

FAILED = "failed-apart"

log = structlog.get_logger()


@contextmanager
def apart(db: Db, one: str) -> Iterator[None]:
    """What is done for this session or unit, with its entries. Where a row cannot be read it is undone, and
    no error leaves here; see `failed_apart`."""
    pending = len(db.info.get(PENDING, ()))
    try:
        with db.begin_nested():
            yield
    except UNREADABLE as error:
        del db.info.get(PENDING, [])[pending:]
        db.info.setdefault(FAILED, set()).add(one)
        log.error("rows.unreadable", of=one, error=came_of(error))


def failed_apart(db: Db) -> set[str]:
    """The ids of those for which something was undone in this transaction."""
    return set(db.info.get(FAILED, ()))
