"""Parts that go away: database and object store that fail, hang, lose an answer or die at a point."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from proctoring.core import Core
from proctoring.db import Database
from storage.errors import StoreFailed
from storage.objects.store import ObjectStore, StoredVersion, Upload

HANG_S_MAX = 60


class Point(StrEnum):
    """Where something can go wrong: before a transaction, after its commit, before a put, after it."""

    READ = "read"
    BEGIN = "begin"
    COMMITTED = "committed"
    PUT = "put"
    STORED = "stored"


IN_STORE = frozenset({Point.PUT, Point.STORED})


class Crash(BaseException):
    """The process dies here: nothing on the way up may clean up after it."""


@dataclass
class Faults:
    """What is wrong now. `fail_once` and `crash_at` hold for the next time that the point is reached."""

    store_away: bool = False
    database_away: bool = False
    fail_once: set[Point] = field(default_factory=set)
    crash_at: Point | None = None
    hanging: threading.Event | None = None

    def reach(self, point: Point) -> None:
        if point is self.crash_at:
            self.crash_at = None
            raise Crash(point)
        if point is Point.PUT and self.hanging is not None:
            assert self.hanging.wait(HANG_S_MAX)
        away = self.store_away if point in IN_STORE else self.database_away
        if away or point in self.fail_once:
            self.fail_once.discard(point)
            if point in IN_STORE:
                raise StoreFailed(f"away at {point}")
            raise OperationalError("select 1", {}, Exception(f"away at {point}"))


class AwayDatabase(Database):
    """The same database as `of`, with faults."""

    def __init__(self, of: Database, faults: Faults) -> None:
        super().__init__(of.engine.url.render_as_string(hide_password=False))
        self._faults = faults

    @contextmanager
    def begin(self) -> Iterator[Session]:
        self._faults.reach(Point.BEGIN)
        with super().begin() as db:
            yield db
        self._faults.reach(Point.COMMITTED)

    @contextmanager
    def read(self) -> Iterator[Session]:
        self._faults.reach(Point.READ)
        with super().read() as db:
            yield db


class UnreachableObjects:
    """The same objects as `of`, with faults in `put`."""

    def __init__(self, of: ObjectStore, faults: Faults) -> None:
        self._of = of
        self._faults = faults

    def put(self, key: str, data: bytes) -> None:
        self._faults.reach(Point.PUT)
        self._of.put(key, data)
        self._faults.reach(Point.STORED)

    def get(self, key: str) -> bytes:
        return self._of.get(key)

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        return self._of.versions(prefix)

    def uploads(self, prefix: str) -> Iterator[Upload]:
        return self._of.uploads(prefix)

    def abort(self, upload: Upload) -> None:
        self._of.abort(upload)

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        return self._of.delete(versions)

    def check(self) -> None:
        self._faults.reach(Point.PUT)


@contextmanager
def faulty(core: Core, faults: Faults) -> Iterator[Core]:
    """The same core over a database with faults."""
    database = AwayDatabase(core.db, faults)
    try:
        yield replace(core, db=database)
    finally:
        database.close()
