"""The spool: a folder where every accepted segment waits, sealed, until store and database have it.

Every segment goes through it, also when all parts are reachable: the code of an emergency runs every four
seconds. A SIGKILL anywhere between acceptance and commit loses nothing. The entries of one evidence unit form
a lane and leave it in the order of acceptance.

`counters` counts events by name, for metrics: `spooled`, `full`, `drained`, `refused`, `damaged`, `away`.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from capture.errors import SpoolFull
from capture.spool.entry import Facts, SpooledEnd, SpooledSegment, decode, decode_facts, encode
from capture.spool.files import Entry, SpoolFiles
from proctoring.spools.model import Trouble

log = structlog.get_logger()

SPOOL_BYTES_MAX = 16 << 30  # ten minutes of 256 streams at the pages' limits are 12 GB
NEW_TAKES_SHARE_MAX = 0.8  # of the bound; what lies above is kept for the takes that are running
DEGRADED_SHARE = 0.25  # of the bound; above it `check` raises
DISK_FREE_BYTES_MIN = 256 << 20  # left to the database, the log and the ends of takes


@dataclass(slots=True)
class _Lane:
    accepting: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    entries: list[Entry] = field(default_factory=list)
    next_seq: dict[str, int] = field(default_factory=dict)  # of takes that have not ended
    ended: set[str] = field(default_factory=set)


class Spool:
    """Thread-safe. One process at a time. Its `id` stays with the folder: a take that names it belongs to
    whoever has opened it."""

    def __init__(
        self,
        root: Path,
        *,
        bytes_max: int = SPOOL_BYTES_MAX,
        disk_free_bytes_min: int = DISK_FREE_BYTES_MIN,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._bytes_max = bytes_max
        self._disk_free_bytes_min = disk_free_bytes_min
        self._files = SpoolFiles(root, self.counters)
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._reserved = 0  # bytes that are being written
        self._refused: Trouble | None = None  # why the last segment was, if none was taken since

    @property
    def id(self) -> str:
        return self._files.id

    def open(self) -> None:
        """Find what an earlier process left. Raises SpoolTaken when another one still uses the folder."""
        self._lanes = {}
        for entry, facts in self._files.open():
            self._found(entry, facts)
        log.info("spool.opened", entries=len(self), bytes=self.depth_bytes)

    def close(self) -> None:
        self._files.close()

    def __len__(self) -> int:
        with self._lock:
            return sum(len(lane.entries) for lane in self._lanes.values())

    @property
    def depth_bytes(self) -> int:
        """What waits now, in bytes on disk."""
        return self._files.size

    @property
    def free_bytes(self) -> int:
        """Of the disk that the spool is on. Raises OSError."""
        return self._files.disk_free_bytes()

    def trouble(self) -> Trouble | None:
        """Why nothing more is accepted now. A disk that refused to be written is tried again for it."""
        try:
            if self.free_bytes < self._disk_free_bytes_min:
                return Trouble.DISK_FULL
            if self._refused is Trouble.UNWRITABLE:
                self._files.try_disk()
        except OSError:
            return Trouble.UNWRITABLE
        if self._refused is Trouble.SPOOL_FULL and self._is_nearly_full:
            return Trouble.SPOOL_FULL
        self._refused = None
        return None

    def check(self) -> None:
        """Raises SpoolFull while nothing is accepted, and while more than DEGRADED_SHARE of the bound waits:
        a part was unreachable for long."""
        if trouble := self.trouble():
            raise self._why(trouble)
        if self.depth_bytes > DEGRADED_SHARE * self._bytes_max:
            raise SpoolFull(
                f"{self.depth_bytes} of {self._bytes_max} bytes wait in the spool.",
                "Look at object store and database; recording goes on meanwhile.",
            )

    def demand_room(self) -> None:
        """Raises SpoolFull when no new take should begin: what is left is for those that are running."""
        trouble = self.trouble()
        if trouble is None and self._is_nearly_full:
            trouble = Trouble.SPOOL_FULL
        if trouble is not None:
            self.counters["full"] += 1
            raise self._why(trouble)

    def accept(self, facts: SpooledSegment, sealed: bytes) -> None:
        """Durable when it returns; accepting a segment again is harmless, the first one counts.

        Raises SpoolFull, OSError when the disk fails, ValueError for a segment after its take's end.
        """
        (error,) = self.accept_all([(facts, sealed)])
        if error is not None:
            raise error

    def accept_all(self, segments: Sequence[tuple[SpooledSegment, bytes]]) -> list[Exception | None]:
        """As `accept`, of several at once: what it would raise, or None, for each. Raises OSError, and none
        is accepted, when the disk fails."""
        errors: list[Exception | None] = [None] * len(segments)
        chosen: list[tuple[Facts, bytes, bytes]] = []
        full: SpoolFull | None = None  # then for all that follow too, or a take might skip a segment
        with self._lanes_of({facts.unit for facts, _ in segments}) as lanes:
            next_seq = {facts.take: lanes[facts.unit].next_seq.get(facts.take, 0) for facts, _ in segments}
            for place, (facts, sealed) in enumerate(segments):
                if facts.take in lanes[facts.unit].ended:
                    errors[place] = ValueError(f"take {facts.take} has ended")
                elif facts.seq >= next_seq[facts.take]:
                    head = encode(facts, len(sealed))
                    errors[place] = full = full or self._reserve(len(head) + len(sealed))
                    if full is None:
                        chosen.append((facts, head, sealed))
                        next_seq[facts.take] = facts.seq + 1
            try:
                self._write(lanes, chosen)
            finally:
                with self._lock:
                    self._reserved -= sum(len(head) + len(sealed) for _, head, sealed in chosen)
            for one, _, _ in chosen:
                lanes[one.unit].next_seq[one.take] = next_seq[one.take]
        self.counters["spooled"] += len(chosen)
        if chosen and full is None:
            self._refused = None
        return errors

    def end(self, facts: SpooledEnd) -> None:
        """Durable when it returns; a second end of a take that waits changes nothing. No bound applies: it
        is small, and a take that does not end keeps its session open. Raises OSError."""
        with self._lanes_of({facts.unit}) as lanes:
            lane = lanes[facts.unit]
            if facts.take in lane.ended:
                return
            self._write(lanes, [(facts, encode(facts), b"")])
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

    def facts(self, entry: Entry) -> Facts:
        """Without a look at what is sealed. Raises EntryDamaged or OSError."""
        return decode_facts(self._files.head(entry))[0]

    def read(self, entry: Entry) -> tuple[Facts, bytes]:
        """Raises EntryDamaged or OSError."""
        return decode(self._files.read(entry))

    def done(self, entry: Entry) -> None:
        """The entry is committed, or never will be. Should the power fail before its file is gone it comes
        back, and is then committed again, which changes nothing."""
        with self._lock:
            lane = self._lanes[entry.unit]
            lane.entries.remove(entry)
            self._drop_if_idle(entry.unit, lane)
        self._files.let_go(entry)

    def set_aside(self, entry: Entry) -> None:
        """A damaged entry leaves its lane; its bytes are kept for a while."""
        self._files.keep_damaged(entry.number, self._files.read(entry))
        self.done(entry)

    def sweep(self, now: datetime) -> None:
        """Let go of what was damaged long ago."""
        self._files.sweep(now)

    def _found(self, entry: Entry, facts: Facts) -> None:
        lane = self._lanes.setdefault(facts.unit, _Lane())
        lane.entries.append(entry)
        if isinstance(facts, SpooledSegment):
            lane.next_seq[facts.take] = facts.seq + 1
        else:
            lane.next_seq.pop(facts.take, None)
            lane.ended.add(facts.take)

    @contextmanager
    def _lanes_of(self, units: set[str]) -> Iterator[dict[str, _Lane]]:
        """The units' lanes, for one accepting thread at a time."""
        in_order = sorted(units)  # all threads take several in the same order
        with self._lock:
            lanes = {unit: self._lanes.setdefault(unit, _Lane()) for unit in in_order}
            for lane in lanes.values():
                lane.users += 1
        try:
            with ExitStack() as held:
                for lane in lanes.values():
                    held.enter_context(lane.accepting)
                yield lanes
        finally:
            with self._lock:
                for unit, lane in lanes.items():
                    lane.users -= 1
                    self._drop_if_idle(unit, lane)

    @property
    def _is_nearly_full(self) -> bool:
        """Whether what is left is for the takes that are running."""
        return self.depth_bytes >= NEW_TAKES_SHARE_MAX * self._bytes_max

    def _reserve(self, size: int) -> SpoolFull | None:
        """Room, before it is written: others accept at the same time."""
        with self._lock:
            if self.free_bytes < size + self._disk_free_bytes_min:
                return self._refusal(Trouble.DISK_FULL)
            if self.depth_bytes + self._reserved + size > self._bytes_max:
                return self._refusal(Trouble.SPOOL_FULL)
            self._reserved += size
        return None

    def _refusal(self, trouble: Trouble) -> SpoolFull:
        self._refused = trouble
        self.counters["full"] += 1
        return self._why(trouble)

    def _write(self, lanes: dict[str, _Lane], accepted: list[tuple[Facts, bytes, bytes]]) -> None:
        if not accepted:
            return
        try:
            written = self._files.write(accepted)
        except OSError:
            self._refused = Trouble.UNWRITABLE
            raise
        with self._lock:
            for entry in written:
                lanes[entry.unit].entries.append(entry)

    def _drop_if_idle(self, unit: str, lane: _Lane) -> None:
        if not lane.users and not lane.entries and not lane.next_seq:
            self._lanes.pop(unit, None)

    def _why(self, trouble: Trouble) -> SpoolFull:
        """In words, for the operator."""
        if trouble is Trouble.SPOOL_FULL:
            return SpoolFull(
                f"The spool is full: {self.depth_bytes} of {self._bytes_max} bytes wait.",
                "Try again in a minute; the operator has to bring object store or database back.",
            )
        if trouble is Trouble.UNWRITABLE:
            return SpoolFull(
                "The spool's disk refuses what is written.",
                "Try again in a minute; the operator has to look at that disk.",
            )
        return SpoolFull(
            f"The spool's disk is full: {self.free_bytes >> 20} MiB of free space are left, and "
            f"{self._disk_free_bytes_min >> 20} MiB are its reserve.",
            "Try again in a minute; the operator has to free space on that disk.",
        )
