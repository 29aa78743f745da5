"""The object store in a folder: `proctoring serve` uses it when MinIO is not set up.

A crash at any instant leaves either no object or the whole object. Bytes go to a temporary name, are flushed
to the disk, then linked to their final name, and the folder is flushed.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from storage.durable import flush_folder
from storage.errors import ObjectExists, ObjectMissing, StoreFailed
from storage.objects.naming import check_key, check_prefix
from storage.objects.store import StoredVersion, Upload

PART_SUFFIX = ".part"
FREE_BYTES_MIN = 64 << 20  # below that an object, or the next one, may not fit


class FolderObjects:
    """An ObjectStore below one folder. Temporary files of a crashed writer show up as uploads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with suppress(OSError):  # as any other store it may be away; `check` and every call say so
            root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, data: bytes) -> None:
        path = self._root / check_key(key)
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{PART_SUFFIX}")
        try:
            self._make_folders(path.parent)
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(part, path)  # unlike rename, refuses to overwrite
            except FileExistsError:  # of the link alone: a file where a folder should be is no object
                raise ObjectExists(key) from None
            finally:
                part.unlink(missing_ok=True)  # on a full disk each try would leave less of it
            flush_folder(path.parent)
        except OSError as error:
            raise StoreFailed(f"cannot write {key}: {error.strerror}") from error

    def get(self, key: str) -> bytes:
        try:
            return (self._root / check_key(key)).read_bytes()
        except FileNotFoundError:
            raise ObjectMissing(key) from None
        except OSError as error:
            raise StoreFailed(f"cannot read {key}: {error.strerror}") from error

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        for path in self._files(prefix):
            if not path.name.endswith(PART_SUFFIX):
                key = path.relative_to(self._root).as_posix()
                yield StoredVersion(key, None, False, path.stat().st_size)

    def uploads(self, prefix: str) -> Iterator[Upload]:
        for path in self._files(prefix):
            if path.name.endswith(PART_SUFFIX):
                yield Upload(path.relative_to(self._root).as_posix(), path.name)

    def abort(self, upload: Upload) -> None:
        path = self._root / check_key(upload.key.split(".pev")[0] + ".pev")
        path.with_name(upload.upload_id).unlink(missing_ok=True)

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        failures = []
        folders = set()
        for version in versions:
            path = self._root / check_key(version.key)
            try:
                path.unlink(missing_ok=True)
                folders |= {path.parent, path.parent.parent}
            except OSError as error:
                failures.append(f"{version.key}: {error.strerror}")
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
                flush_folder(folder.parent)
            elif folder.is_dir():
                flush_folder(folder)
        return failures

    def check(self) -> None:
        if not self._root.is_dir() or not os.access(self._root, os.W_OK | os.X_OK):
            raise StoreFailed(f"the folder {self._root} cannot be written")
        disk = os.statvfs(self._root)
        if (free_bytes := disk.f_bavail * disk.f_frsize) < FREE_BYTES_MIN:
            raise StoreFailed(f"the disk of {self._root} has {free_bytes >> 20} MiB of free space left")

    def _files(self, prefix: str) -> Iterator[Path]:
        folder = self._root / check_prefix(prefix)
        return iter(sorted(path for path in folder.rglob("*") if path.is_file()))

    def _make_folders(self, folder: Path) -> None:
        """The root is never made again: where it is gone, so is the volume that it was on."""
        if folder.is_dir() or folder == self._root:
            return
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
        flush_folder(folder.parent)
