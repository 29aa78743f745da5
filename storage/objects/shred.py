"""Destroying: every version, marker and unfinished upload of a unit, until a listing comes back empty."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from storage.errors import StoreFailed
from storage.objects.naming import unit_prefix
from storage.objects.store import ObjectStore, StoredVersion


@dataclass(frozen=True, slots=True)
class Shredded:
    """What one erasure removed from the store."""

    objects: int = 0
    markers: int = 0
    uploads: int = 0
    bytes: int = 0

    def __add__(self, other: "Shredded") -> "Shredded":
        return Shredded(
            self.objects + other.objects,
            self.markers + other.markers,
            self.uploads + other.uploads,
            self.bytes + other.bytes,
        )


class Shredder:
    """Deletes; holds no key and cannot read."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def shred(self, unit_id: str) -> Shredded:
        """Remove everything of the unit and see that nothing is left. Harmless to repeat after a crash.

        Raises StoreFailed when a deletion fails or the listing afterwards is not empty.
        """
        total = self.sweep(unit_id, frozenset())
        if not self.is_gone(unit_id):
            raise StoreFailed(f"{unit_prefix(unit_id)} is not empty after deletion")
        return total

    def sweep(self, unit_id: str, kept: Collection[str]) -> Shredded:
        """Abort every upload and remove everything of the unit but the objects named `kept`.

        Raises StoreFailed when a deletion fails.
        """
        prefix = unit_prefix(unit_id)
        total = Shredded()
        for upload in list(self._objects.uploads(prefix)):
            self._objects.abort(upload)
            total += Shredded(uploads=1)

        def doomed() -> Iterator[StoredVersion]:
            nonlocal total
            for version in self._objects.versions(prefix):
                if version.key not in kept:
                    total += Shredded(not version.is_marker, version.is_marker, bytes=version.size)
                    yield version

        if failures := self._objects.delete(doomed()):
            raise StoreFailed(f"{len(failures)} deletions failed, the first: {failures[0]}")
        return total

    def is_gone(self, unit_id: str) -> bool:
        """Whether a listing of versions, markers and uploads of the unit is empty."""
        prefix = unit_prefix(unit_id)
        return (
            next(iter(self._objects.versions(prefix)), None) is None
            and next(iter(self._objects.uploads(prefix)), None) is None
        )
