"""The object store as the vault needs it, and the in-memory one for tests.

Names are write-once. Nothing depends on ETags, lifecycle rules, tags or server-side encryption.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from storage.errors import ObjectExists, ObjectMissing
from storage.objects.naming import check_key, check_prefix


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of one object, or one delete marker, exactly as it must be named to delete it."""

    key: str
    version_id: str | None
    is_marker: bool
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """An unfinished multipart upload."""

    key: str
    upload_id: str


class ObjectStore(Protocol):
    """Calls block; callers on an event loop use a thread. Each raises StoreFailed when the store is
    unreachable and BadName for a key outside `storage.objects.naming`."""

    def put(self, key: str, data: bytes) -> None:
        """Durable when it returns. Raises ObjectExists when the name was used before; of many that put one
        name at once, one succeeds. After StoreFailed it may be there all the same: put the same bytes again,
        and take ObjectExists for done."""

    def get(self, key: str) -> bytes:
        """The whole object. Raises ObjectMissing."""

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Everything under the prefix: every version and every delete marker, however many."""

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """Every unfinished multipart upload under the prefix."""

    def abort(self, upload: Upload) -> None:
        """Forget the upload and its parts. Harmless when it is gone already."""

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        """Delete exactly these; the failures, one line each. Already gone is no failure. `versions` may be
        this store's own listing, consumed while it deletes."""

    def check(self) -> None:
        """Raises StoreFailed unless the store answers."""


class MemoryObjects:
    """An ObjectStore in a dictionary: unversioned, always reachable."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._putting = Lock()

    def put(self, key: str, data: bytes) -> None:
        with self._putting:
            if check_key(key) in self._objects:
                raise ObjectExists(key)
            self._objects[key] = bytes(data)

    def get(self, key: str) -> bytes:
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise ObjectMissing(key) from None

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        check_prefix(prefix)
        for key in sorted(self._objects):
            if key.startswith(prefix):
                yield StoredVersion(key, None, False, len(self._objects[key]))

    def uploads(self, prefix: str) -> Iterator[Upload]:
        check_prefix(prefix)
        return iter(())

    def abort(self, upload: Upload) -> None:
        pass

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        for version in versions:
            self._objects.pop(check_key(version.key), None)
        return []

    def check(self) -> None:
        pass
