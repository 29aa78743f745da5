"""Evidence packages as folders: BagIt 1.0 (RFC 8493) with SHA-256, and no file that the format does not name.

Reading trusts nothing. No link is followed, no device is opened, no name outside the grammar is touched, and
nothing larger than its limit is read.
"""

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from storage.errors import Refused

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, INFO, DECLARATION, NOTE = (
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
    "bag-info.txt",
    "bagit.txt",
    "package.note",
)
PACKAGE, CUSTODY, TIMESTAMP = "data/package.json", "data/custody.json", "data/timestamp.json"
OPENINGS = "data/openings.json"
TAGGED = (INFO, DECLARATION, MANIFEST)
TAG_FILES = frozenset({*TAGGED, TAG_MANIFEST, NOTE})
FILES_MAX = 200_000
TEXT_BYTES_MAX = 64 << 20
OBJECT_BYTES_MAX = 32 << 20
"""A sealed segment. Larger than any that capture makes (`SEGMENT_BYTES_MAX` in `capture.cut.segmenter`)."""
_KIND = r"[a-z]{1,16}"
_FOLDER = re.compile(rf"data|data/{_KIND}|data/{_KIND}/(sealed|media)")
_PAYLOAD = re.compile(
    rf"data/(package\.json|custody\.json|timestamp\.json|openings\.json|{_KIND}/(manifest\.json|playlist\.m3u"
    rf"|sealed/[0-9]{{8}}\.pev|media/[0-9]{{8}}\.(mp4|webm|jpg|json)))"
)
_LINE = re.compile(r"([0-9a-f]{64})  ([!-~]{1,100})")


def list_files(root: Path) -> dict[str, int]:
    """Every file of the package with its size in bytes. Raises Refused for anything that has no place in one:
    `symlink`, `special-file`, `path`, `too-many-files`, `oversized`."""
    found: dict[str, int] = {}
    folders = [""]
    while folders:
        below = folders.pop()
        with os.scandir(root / below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode) and _FOLDER.fullmatch(path):
                    folders.append(path)
                    continue
                found[_check_file(path, status)] = status.st_size
                if len(found) > FILES_MAX:
                    raise Refused("too-many-files", f"there are more than {FILES_MAX} files")
    return found


def _check_file(path: str, status: os.stat_result) -> str:
    shown = ascii(path[:120])
    if stat.S_ISLNK(status.st_mode):
        raise Refused("symlink", f"{shown} is a link")
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise Refused("special-file", f"{shown} is no ordinary file")
    if stat.S_ISDIR(status.st_mode) or (path not in TAG_FILES and not _PAYLOAD.fullmatch(path)):
        raise Refused("extra-file", f"{shown} has no place in an evidence package")
    if status.st_size > size_max(path):
        raise Refused("oversized", f"{shown} has {status.st_size} bytes, {size_max(path)} are the most")
    return path


def size_max(path: str) -> int:
    """The greatest size, in bytes, that a file of this name may have."""
    return OBJECT_BYTES_MAX if "/sealed/" in path or "/media/" in path else TEXT_BYTES_MAX


def read_file(root: Path, path: str) -> bytes:
    """A file's bytes. Raises Refused `missing-file` or `oversized`."""
    try:
        descriptor = os.open(root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused("missing-file", f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(size_max(path) + 1)
        except OSError as error:
            raise Refused("missing-file", f"{path} cannot be read: {error.strerror}") from error
    if len(data) > size_max(path):
        raise Refused("oversized", f"{path} has more than {size_max(path)} bytes")
    return data


def read_text(root: Path, path: str) -> str:
    """A tag file's text. Raises Refused, also `not-text`."""
    try:
        return read_file(root, path).decode()
    except UnicodeDecodeError as error:
        raise Refused("not-text", f"{path} is not UTF-8") from error


def sums_text(sums: Mapping[str, str]) -> str:
    """A manifest (RFC 8493, section 2.1.3): a line per file, sorted by path."""
    return "".join(f"{sums[path]}  {path}\n" for path in sorted(sums))


def read_sums(text: str, name: str) -> dict[str, str]:
    """The sums of a manifest that is written as `sums_text` writes it. Raises Refused `wrong-sums`."""
    sums: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        found = _LINE.fullmatch(line)
        if found is None:
            raise Refused("wrong-sums", f"{name} has a line that is no sum and path")
        sums[found[2]] = found[1]
    if sums_text(sums) != text:
        raise Refused("wrong-sums", f"{name} is not sorted, repeats a path or ends amiss")
    return sums


def info_text(package: str, made_at: str, payload: Mapping[str, int]) -> str:
    """bag-info.txt (RFC 8493, section 2.2.2) for payload files of these sizes."""
    oxum = f"{sum(payload.values())}.{len(payload)}"
    return f"Bagging-Date: {made_at[:10]}\nExternal-Identifier: {package}\nPayload-Oxum: {oxum}\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
