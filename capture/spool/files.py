"""The files of the spool: each holds entries that were accepted together, whole and durable, or does not
exist.

A file has a temporary name until all of it is on the disk, then the number of its first entry. It is deleted
with its last entry. Numbers grow in the order of acceptance, also over restarts.
"""

import fcntl
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from capture.errors import SpoolTaken
from capture.spool.entry import HEAD_BYTES_MAX, EntryDamaged, Facts, decode_facts, length
from proctoring.ids import new_id

log = structlog.get_logger()

DAMAGED_KEPT = timedelta(hours=24)
TRY_BYTES = 1 << 20
ID_FILE = "id"
_SUFFIX, _PART, _DAMAGED = ".pes", ".part", ".damaged"
_NUMBER_DIGITS = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """What waits, at `begin` of its file. `number` grows in the order of acceptance."""

    number: int
    path: Path
    begin: int
    unit: str
    take: str
    size: int


@dataclass(slots=True)
class _File:
    waiting: int  # entries
    size: int


class SpoolFiles:
    """Thread-safe. `size` is that of all files, in bytes. `id` stays with the folder. One process at a time:
    it is locked from `open` to `close`."""

    def __init__(self, root: Path, counters: Counter[str]) -> None:
        self.id = ""
        self.size = 0
        self._counters = counters
        self._root = root
        self._lock = threading.Lock()
        self._files: dict[Path, _File] = {}
        self._next = 0
        self._folder = -1

    def open(self) -> list[tuple[Entry, Facts]]:
        """What an earlier process left, in order. Raises SpoolTaken when another one uses the folder."""
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise SpoolTaken(
                f"Another process records into {self._root}.",
                "Stop it, or give this one a folder of its own.",
            ) from error
        self._files, self.size, self._next = {}, 0, 0
        found: list[tuple[Entry, Facts]] = []
        for path in sorted(self._root.iterdir()):
            if path.suffix == _PART:
                path.unlink()
            elif path.suffix == _SUFFIX:
                found += self._entries(path)
        self.id = self._read_id()
        return found

    def close(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def write(self, entries: Sequence[tuple[Facts, bytes, bytes]]) -> list[Entry]:
        """One file of these facts, heads and sealed bytes, durable when it returns. Raises OSError."""
        with self._lock:
            number, self._next = self._next, self._next + len(entries)
        path = self._named(number, _SUFFIX)
        made, begin = [], 0
        for place, (facts, head, sealed) in enumerate(entries):
            size = len(head) + len(sealed)
            made.append(Entry(number + place, path, begin, facts.unit, facts.take, size))
            begin += size
        self._write_whole(path, [part for _, head, sealed in entries for part in (head, sealed)])
        with self._lock:
            self._files[path] = _File(len(made), begin)
            self.size += begin
        return made

    def read(self, entry: Entry) -> bytes:
        """Raises OSError."""
        return _bytes(entry.path, entry.begin, entry.size)

    def head(self, entry: Entry) -> bytes:
        """The bytes before the sealed ones. Raises OSError."""
        return _bytes(entry.path, entry.begin, min(entry.size, HEAD_BYTES_MAX))

    def let_go(self, entry: Entry) -> None:
        """The entry is not needed any more; its file goes when none of its entries is."""
        with self._lock:
            file = self._files[entry.path]
            file.waiting -= 1
            if file.waiting:
                return
            del self._files[entry.path]
        entry.path.unlink(missing_ok=True)
        with self._lock:
            self.size -= file.size

    def keep_damaged(self, number: int, data: bytes) -> None:
        """For DAMAGED_KEPT, for who looks into it."""
        self._counters["damaged"] += 1
        self._named(number, _DAMAGED).write_bytes(data)

    def sweep(self, now: datetime) -> None:
        """Let go of what is damaged after DAMAGED_KEPT."""
        for path in self._root.glob(f"*{_DAMAGED}"):
            if path.stat().st_mtime < (now - DAMAGED_KEPT).timestamp():
                path.unlink(missing_ok=True)

    def disk_free_bytes(self) -> int:
        """Raises OSError."""
        disk = os.statvfs(self._root)
        return disk.f_bavail * disk.f_frsize

    def try_disk(self) -> None:
        """Writes TRY_BYTES, as a segment may have, and removes them. Raises OSError."""
        part = self._root / f"try{_PART}"
        try:
            with part.open("wb") as file:
                file.write(bytes(TRY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            part.unlink(missing_ok=True)

    def _named(self, number: int, suffix: str) -> Path:
        return self._root / f"{number:0{_NUMBER_DIGITS}d}{suffix}"

    def _entries(self, path: Path) -> Iterator[tuple[Entry, Facts]]:
        """The whole ones of a file; what is damaged is kept aside."""
        number, begin, size = int(path.stem), 0, path.stat().st_size
        file = _File(0, size)
        while begin < size:
            head = _bytes(path, begin, HEAD_BYTES_MAX)
            end = begin + (length(head) or size)
            try:
                facts, _ = decode_facts(head)
                if end > size:
                    raise EntryDamaged("this spool entry was cut")
            except EntryDamaged as error:
                end = min(end, size)
                log.error("spool.damaged", file=path.name, at=begin, detail=str(error))
                self.keep_damaged(number, _bytes(path, begin, end - begin))
            else:
                file.waiting += 1
                yield Entry(number, path, begin, facts.unit, facts.take, end - begin), facts
            begin, number = end, number + 1
        self._next = number
        if file.waiting:
            self._files[path] = file
            self.size += size
        else:
            path.unlink()

    def _read_id(self) -> str:
        file = self._root / ID_FILE
        if not file.exists():
            self._write_whole(file, [new_id().encode()])
        return file.read_text()

    def _write_whole(self, path: Path, parts: list[bytes]) -> None:
        part = path.with_suffix(_PART)
        try:
            with part.open("xb") as file:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            os.fsync(self._folder)
        except BaseException:
            for left in (part, path):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
            raise


def _bytes(path: Path, begin: int, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(begin)
        return file.read(size)
