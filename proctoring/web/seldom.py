"""Figures over whole tables: counted anew every few minutes, not at each request of `/metrics`."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.db import Database

COUNTED_EVERY: Final = timedelta(minutes=5)

T = TypeVar("T")

_counted: WeakKeyDictionary[Database, dict[Callable[[Db], object], tuple[datetime, object]]] = (
    WeakKeyDictionary()
)


def seldom(core: Core, db: Db, count: Callable[[Db], T]) -> T:
    """The result of `count`, at most COUNTED_EVERY old."""
    now = core.clock()
    known = _counted.setdefault(core.db, {})
    if count in known and timedelta(0) <= now - known[count][0] < COUNTED_EVERY:
        return known[count][1]  # type: ignore[return-value]
    found = count(db)
    known[count] = now, found
    return found
