"""Writes files that survive a crash once a call returns: the file and its folder are flushed."""

import os
import secrets
from pathlib import Path

OWNER_ONLY = 0o600
EVERYBODY = 0o644


def private(path: str, flags: int) -> int:
    """An opener for `open`: a file that is made is for its owner alone."""
    return os.open(path, flags, OWNER_ONLY)


def write_new(path: Path, data: bytes, mode: int = OWNER_ONLY) -> None:
    """A new file of these bytes, whole or not at all. Raises FileExistsError."""
    part = _part(path, data, mode)
    try:
        os.link(part, path)  # unlike rename never over another
    finally:
        part.unlink()
    flush_folder(path.parent)


def replace(path: Path, data: bytes, mode: int = OWNER_ONLY) -> None:
    """The file with these bytes, in place of what was there: the one or the other at any instant."""
    _part(path, data, mode).replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Which files a folder has, on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _part(path: Path, data: bytes, mode: int) -> Path:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        part.unlink(missing_ok=True)  # on a full disk each try would leave less of it
        raise
    return part
