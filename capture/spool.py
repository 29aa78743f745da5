"""The spool: a folder where every accepted segment waits, sealed, until store and database have it.

Everything accepted goes through it, also when all parts are up: what runs at 3 a.m. is what runs every four
seconds, and a SIGKILL anywhere between acceptance and commit loses nothing. A file appears whole or not at
all (temporary name, fsync, rename, fsync of the folder) and goes once it is committed. Files are numbered in
the order of acceptance; those of one evidence unit form a lane and leave it in that order.

`counters` counts events by name, for metrics: spooled, full, drained, refused, damaged, away.
"""

import fcntl
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from capture.errors import SpoolFull, SpoolTaken
from capture.spool_entry import (
    HEAD_BYTES_MAX,
    EntryDamaged,
    Facts,
    SpooledEnd,
    SpooledSegment,
    decode,
    decode_facts,
    encode,
)
from proctoring.ids import new_id

log = structlog.get_logger()

SPOOL_BYTES_MAX = 16 << 30  # ten minutes of 256 streams at the pages' limits are 12 GB
NEW_TAKES_SHARE_MAX = 0.8  # of the bound; what lies above is kept for the takes that are running
DEGRADED_SHARE = 0.25  # of the bound; above it `check` raises
DISK_FREE_BYTES_MIN = 256 << 20  # left to the database, the log and the ends of takes
DAMAGED_KEPT = timedelta(hours=24)
_SUFFIX, _PART, _DAMAGED = ".pes", ".part", ".damaged"
ID_FILE = "id"
_NUMBER_DIGITS = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a lane. `number` grows in the order of acceptance."""

    number: int
    path: Path
    unit: str
    take: str
    size: int


@dataclass(slots=True)
class _Lane:
    accepting: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    entries: list[Entry] = field(default_factory=list)
    next_seq: dict[str, int] = field(default_factory=dict)  # of takes that have not ended
    ended: set[str] = field(default_factory=set)


class Spool:
    """Thread-safe. One process at a time: the folder is locked from `open` to `close`. Its `id` stays with
    it: a take that names it belongs to whoever has opened it."""

    def __init__(
        self,
        root: Path,
        *,
        bytes_max: int = SPOOL_BYTES_MAX,
        disk_free_bytes_min: int = DISK_FREE_BYTES_MIN,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.id = ""
        self._root = root
        self._bytes_max = bytes_max
        self._disk_free_bytes_min = disk_free_bytes_min
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._depth = 0
        self._next = 0
        self._folder = -1

    def open(self) -> None:
        """Find what an earlier process left. Raises SpoolTaken when another one still uses the folder."""
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
        self._lanes, self._depth, self._next = {}, 0, 0
        for path in sorted(self._root.iterdir()):
            if path.suffix == _PART:
                path.unlink()
            elif path.suffix == _SUFFIX:
                self._find(path)
        self.id = self._read_id()
        log.info("spool.opened", entries=len(self), bytes=self._depth)

    def close(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def __len__(self) -> int:
        with self._lock:
            return sum(len(lane.entries) for lane in self._lanes.values())

    @property
    def depth_bytes(self) -> int:
        """What waits now, in bytes on disk."""
        return self._depth

    def check(self) -> None:
        """Raises SpoolFull while more than DEGRADED_SHARE of the bound waits: a part was away for long."""
        if self._depth > DEGRADED_SHARE * self._bytes_max:
            raise SpoolFull(
                f"{self._depth} of {self._bytes_max} bytes wait in the spool.",
                "Look at object store and database; recording goes on meanwhile.",
            )

    def demand_room(self) -> None:
        """Raises SpoolFull when no new take should begin: what is left is for those that are running."""
        if self._depth >= NEW_TAKES_SHARE_MAX * self._bytes_max or not self._disk_has(0):
            self.counters["full"] += 1
            raise self._full()

    def accept(self, facts: SpooledSegment, sealed: bytes) -> None:
        """Durable when it returns; accepting a segment again is harmless, the first one counts.

        Raises SpoolFull, OSError when the disk fails, ValueError for a segment behind its take's end.
        """
        with self._lane(facts.unit) as lane:
            if facts.take in lane.ended:
                raise ValueError(f"take {facts.take} has ended")
            if facts.seq < lane.next_seq.get(facts.take, 0):
                return
            data = encode(facts, sealed)
            with self._lock:
                if self._depth + len(data) > self._bytes_max or not self._disk_has(len(data)):
                    self.counters["full"] += 1
                    raise self._full()
                self._depth += len(data)  # reserved before it is written: others accept at the same time
            try:
                self._write(lane, facts, data)
            except BaseException:
                with self._lock:
                    self._depth -= len(data)
                raise
            lane.next_seq[facts.take] = facts.seq + 1
        self.counters["spooled"] += 1

    def end(self, facts: SpooledEnd) -> None:
        """Durable when it returns; a second end of a take that waits changes nothing. No bound applies: it
        is small, and a take that does not end keeps its session open. Raises OSError."""
        with self._lane(facts.unit) as lane:
            if facts.take in lane.ended:
                return
            data = encode(facts)
            self._write(lane, facts, data)
            with self._lock:
                self._depth += len(data)
            lane.next_seq.pop(facts.take, None)
            lane.ended.add(facts.take)

    def lanes(self) -> list[str]:
        """Units with something waiting, that with the oldest first."""
        with self._lock:
            waiting = [(lane.entries[0].number, unit) for unit, lane in self._lanes.items() if lane.entries]
        return [unit for _, unit in sorted(waiting)]

    def takes(self) -> set[str]:
        """Takes of which something waits."""
        with self._lock:
            return {entry.take for lane in self._lanes.values() for entry in lane.entries}

    def first(self, unit: str) -> Entry | None:
        """What has to be committed next of this unit."""
        with self._lock:
            lane = self._lanes.get(unit)
            return lane.entries[0] if lane and lane.entries else None

    def read(self, entry: Entry) -> tuple[Facts, bytes]:
        """Raises EntryDamaged or OSError."""
        return decode(entry.path.read_bytes())

    def done(self, entry: Entry) -> None:
        """The entry is committed, or never will be: it goes. Should the power fail now it may come back, and
        is then committed again, which changes nothing."""
        entry.path.unlink(missing_ok=True)
        self._forget(entry)

    def set_aside(self, entry: Entry) -> None:
        """A damaged entry leaves its lane; its file stays for DAMAGED_KEPT, for who looks into it."""
        self.counters["damaged"] += 1
        entry.path.rename(entry.path.with_suffix(_DAMAGED))
        self._forget(entry)

    def sweep(self, now: datetime) -> None:
        """Let go of damaged files after DAMAGED_KEPT."""
        for path in self._root.glob(f"*{_DAMAGED}"):
            if path.stat().st_mtime < (now - DAMAGED_KEPT).timestamp():
                path.unlink(missing_ok=True)

    def _find(self, path: Path) -> None:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES_MAX)
        try:
            facts, _ = decode_facts(head)
        except EntryDamaged as error:
            self.counters["damaged"] += 1
            log.error("spool.damaged", file=path.name, detail=str(error))
            path.rename(path.with_suffix(_DAMAGED))
            return
        entry = Entry(int(path.stem), path, facts.unit, facts.take, path.stat().st_size)
        lane = self._lanes.setdefault(facts.unit, _Lane())
        lane.entries.append(entry)
        if isinstance(facts, SpooledSegment):
            lane.next_seq[facts.take] = facts.seq + 1
        else:
            lane.next_seq.pop(facts.take, None)
            lane.ended.add(facts.take)
        self._depth += entry.size
        self._next = entry.number + 1

    @contextmanager
    def _lane(self, unit: str) -> Iterator[_Lane]:
        """The unit's lane, for one accepting thread at a time."""
        with self._lock:
            lane = self._lanes.setdefault(unit, _Lane())
            lane.users += 1
        try:
            with lane.accepting:
                yield lane
        finally:
            with self._lock:
                lane.users -= 1
                self._drop_if_idle(unit, lane)

    def _write(self, lane: _Lane, facts: Facts, data: bytes) -> None:
        with self._lock:
            number, self._next = self._next, self._next + 1
        path = self._root / f"{number:0{_NUMBER_DIGITS}d}{_SUFFIX}"
        self._write_whole(path, data)
        with self._lock:
            lane.entries.append(Entry(number, path, facts.unit, facts.take, len(data)))

    def _read_id(self) -> str:
        file = self._root / ID_FILE
        if not file.exists():
            self._write_whole(file, new_id().encode())
        return file.read_text()

    def _write_whole(self, path: Path, data: bytes) -> None:
        """There wholly and for good, or not at all."""
        part = path.with_suffix(_PART)
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
            os.fsync(self._folder)
        except BaseException:
            for left in (part, path):
                with suppress(OSError):
                    left.unlink(missing_ok=True)
            raise

    def _forget(self, entry: Entry) -> None:
        with self._lock:
            lane = self._lanes[entry.unit]
            lane.entries.remove(entry)
            self._depth -= entry.size
            self._drop_if_idle(entry.unit, lane)

    def _drop_if_idle(self, unit: str, lane: _Lane) -> None:
        if not lane.users and not lane.entries and not lane.next_seq:
            self._lanes.pop(unit, None)

    def _disk_has(self, size: int) -> bool:
        disk = os.statvfs(self._root)
        return disk.f_bavail * disk.f_frsize >= size + self._disk_free_bytes_min

    def _full(self) -> SpoolFull:
        return SpoolFull(
            f"The spool is full: {self._depth} of {self._bytes_max} bytes wait.",
            "Try again in a minute; the operator has to bring object store or database back.",
        )
