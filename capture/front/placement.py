"""Choice of the process that records a session: of those with room, the one with the fewest streams.

All streams of a session go to one process, so that they share a clock and a log. They stay with that process
while it runs. No I/O; the clock is passed in, in monotonic seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zlib import crc32

from capture.errors import IngestsFull
from capture.publish.ingests import INGESTS_MAX
from proctoring.errors import Unavailable
from proctoring.exams.model import Stream

CPU_SHARE_MAX = 0.6  # of a core; what lies above is for a burst of the streams that are there
STREAMS_MAX = INGESTS_MAX - 16  # the rest is for the other streams of sessions that have just begun
STREAMS_PER_SESSION = len(Stream)
COMING_S = 10.0  # how long a session that was placed counts with all its streams before one is there
KEPT_S = 600.0  # how long a session without a stream still has its process


@dataclass(frozen=True, slots=True)
class Load:
    """Load of one process: its streams, expected ones included, and its share of a core over the last
    seconds."""

    streams: int
    cpu_share: float

    @property
    def has_room(self) -> bool:
        """Whether a session may be added."""
        return self.streams < STREAMS_MAX and self.cpu_share < CPU_SHARE_MAX


def least_loaded(loads: Mapping[int, Load], under_way: bool = False) -> int | None:
    """The number of the process to which a session goes; None when none has room, which only one that is
    `under_way` does not need."""
    fit = [number for number, load in loads.items() if under_way or load.has_room]
    return min(fit, key=lambda number: (loads[number].streams, number), default=None)


@dataclass(frozen=True, slots=True)
class _Told:
    cpu_share: float
    streams: Mapping[str, int]


@dataclass(slots=True)
class _Placed:
    number: int
    began_s: float
    used_s: float


class Placements:
    """What the processes said last, and where each session was sent."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self.refused = 0
        self._ticks = ticks
        self._told: dict[int, _Told] = {}
        self._placed: dict[str, _Placed] = {}

    def heard(self, number: int, cpu_share: float, streams: Mapping[str, int]) -> None:
        """A process says how it fares, and how many streams it has of each session."""
        now_s = self._ticks()
        self._told[number] = _Told(cpu_share, dict(streams))
        for session in streams:
            placed = self._placed.setdefault(session, _Placed(number, now_s, now_s))
            if placed.number == number:
                placed.used_s = now_s
        self._placed = {
            session: placed for session, placed in self._placed.items() if now_s - placed.used_s < KEPT_S
        }

    def gone(self, number: int) -> None:
        """The process is not there: its sessions go elsewhere as they come back, unless it is there again."""
        self._told.pop(number, None)

    def there(self) -> list[int]:
        """The processes that answer."""
        return sorted(self._told)

    def loads(self) -> dict[int, Load]:
        """Of every process that answers."""
        soon = self._ticks() - COMING_S
        streams = {number: sum(told.streams.values()) for number, told in self._told.items()}
        for session, placed in self._placed.items():
            told = self._told.get(placed.number)
            if told is not None and session not in told.streams and placed.began_s > soon:
                streams[placed.number] += STREAMS_PER_SESSION
        return {number: Load(streams[number], told.cpu_share) for number, told in self._told.items()}

    def route(self, session: str | None, begins: bool) -> int:
        """The process for a request of this session, or of none; `begins`: it publishes a stream.

        Raises IngestsFull when a new session finds no room, Unavailable when no process answers.
        """
        there = self.there()
        if not there:
            raise Unavailable("No capture process answers yet.", "Try again in a few seconds.")
        if session is None:
            return min(there, key=lambda number: (self._told[number].cpu_share, number))
        now_s = self._ticks()
        placed = self._placed.get(session)
        if placed is not None and placed.number in self._told:
            placed.used_s = now_s
            placed.began_s = now_s if begins else placed.began_s
            return placed.number
        if not begins:
            # Safe anywhere, and always the same one: a log that two processes write is two takes.
            return there[crc32(session.encode()) % len(there)]
        number = least_loaded(self.loads(), under_way=placed is not None)
        if number is None:
            self.refused += 1
            raise IngestsFull(
                "This server records as many sessions as it can.", "Try again in a few seconds."
            )
        self._placed[session] = _Placed(number, now_s, now_s)
        return number
