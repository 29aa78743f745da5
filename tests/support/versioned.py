"""An object store in memory that keeps versions, delete markers and unfinished uploads, as S3 servers do."""

from collections.abc import Iterable, Iterator
from itertools import count

from storage.errors import ObjectExists, ObjectMissing
from storage.objects.naming import check_key, check_prefix
from storage.objects.store import StoredVersion, Upload


class VersionedObjects:
    """An ObjectStore. A deletion without a version id only hides the object behind a marker."""

    def __init__(self) -> None:
        self._versions: list[tuple[StoredVersion, bytes]] = []
        self._uploads: list[Upload] = []
        self._ids = count(1)

    def put(self, key: str, data: bytes) -> None:
        if any(version.key == check_key(key) and not version.is_marker for version, _ in self._versions):
            raise ObjectExists(key)
        self.overwrite(key, data)

    def overwrite(self, key: str, data: bytes) -> None:
        """Another version on top, as somebody else's client may write it."""
        self._versions.append((StoredVersion(key, f"v{next(self._ids)}", False, len(data)), bytes(data)))

    def hide(self, key: str) -> None:
        """A delete marker on top, as a plain deletion leaves it."""
        self._versions.append((StoredVersion(key, f"v{next(self._ids)}", True, 0), b""))

    def begin_upload(self, key: str) -> None:
        """A multipart upload that nobody finishes."""
        self._uploads.append(Upload(key, f"u{next(self._ids)}"))

    def everything(self, unit_id: str) -> list[str]:
        """The keys of all that is there of a unit: versions, markers, uploads."""
        keys = [version.key for version, _ in self._versions] + [upload.key for upload in self._uploads]
        return [key for key in keys if key.startswith(f"u/{unit_id}/")]

    def get(self, key: str) -> bytes:
        for version, data in reversed(self._versions):
            if version.key == check_key(key):
                if version.is_marker:
                    break
                return data
        raise ObjectMissing(key)

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        check_prefix(prefix)
        return iter([version for version, _ in self._versions if version.key.startswith(prefix)])

    def uploads(self, prefix: str) -> Iterator[Upload]:
        check_prefix(prefix)
        return iter([upload for upload in self._uploads if upload.key.startswith(prefix)])

    def abort(self, upload: Upload) -> None:
        self._uploads = [one for one in self._uploads if one != upload]

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        for wanted in versions:
            if wanted.version_id is None:
                self.hide(wanted.key)
            else:
                name = (wanted.key, wanted.version_id)
                self._versions = [one for one in self._versions if (one[0].key, one[0].version_id) != name]
        return []

    def check(self) -> None:
        pass
