"""Crashes at every instant that matters: before and after each commit and each call to the store.

A crash is a BaseException, so nothing that tidies up after errors takes it for one; what was not committed
is rolled back, as the database does for a process that died.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.db import Database
from storage.objects.store import ObjectStore, StoredVersion, Upload


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Points:
    """Counts the instants; does `act` at number `target` (from 1). `at` names the one that was hit."""

    target: int
    act: Callable[[], None]
    seen: int = 0
    at: str | None = None

    def reach(self, name: str) -> None:
        self.seen += 1
        if self.seen == self.target:
            self.at = name
            self.act()


class CrashingDatabase(Database):
    """The same database, seen by a process that crashes."""

    def __init__(self, database: Database, points: Points) -> None:
        self.__dict__.update(database.__dict__)
        self._points = points

    @contextmanager
    def begin(self) -> Iterator[Db]:
        with super().begin() as db:
            yield db
            db.flush()
            self._points.reach("before commit")
        self._points.reach("after commit")


class CrashingObjects:
    """The same store, seen by a process that crashes."""

    def __init__(self, objects: ObjectStore, points: Points) -> None:
        self._objects = objects
        self._points = points

    def put(self, key: str, data: bytes) -> None:
        with self._around("put"):
            self._objects.put(key, data)

    def get(self, key: str) -> bytes:
        with self._around("get"):
            return self._objects.get(key)

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        with self._around("versions"):
            return iter(list(self._objects.versions(prefix)))

    def uploads(self, prefix: str) -> Iterator[Upload]:
        with self._around("uploads"):
            return iter(list(self._objects.uploads(prefix)))

    def abort(self, upload: Upload) -> None:
        with self._around("abort"):
            self._objects.abort(upload)

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        """One by one, so that a crash finds a batch half deleted."""
        failures: list[str] = []
        for version in versions:
            with self._around("delete"):
                failures += self._objects.delete([version])
        return failures

    def check(self) -> None:
        self._objects.check()

    @contextmanager
    def _around(self, name: str) -> Iterator[None]:
        self._points.reach(f"before {name}")
        yield
        self._points.reach(f"after {name}")


def crashing(core: Core, objects: ObjectStore, points: Points) -> tuple[Core, ObjectStore]:
    """The same core and store, as a process sees them that reaches these points."""
    return replace(core, db=CrashingDatabase(core.db, points)), CrashingObjects(objects, points)


def crash() -> None:
    """What `Points` does for a crash."""
    raise Crash
