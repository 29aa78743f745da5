"""Checks of the doctor, and in part of `/readyz`: each says what it found, or raises what is the matter."""

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
import redis

from capture.cut import segmenter
from capture.publish.ice import IceServer
from capture.publish.relay import check as ask_relay
from capture.spool.spool import DISK_FREE_BYTES_MIN
from proctoring.compose.stores import erasable
from proctoring.core import Core
from proctoring.data_folder import DataFolder
from proctoring.errors import Invalid, Unavailable
from proctoring.holds import worker_state
from proctoring.holds.brake import BrakeLimits
from proctoring.migrations import is_newest
from proctoring.settings.declared_places import declared
from proctoring.settings.settings import Settings
from proctoring.spools import service as spools
from proctoring.spools.model import TOLD_FOR, Trouble
from storage.objects.store import ObjectStore
from storage.proofs.sign import Signer

ANSWER_S_MAX = 5.0
PASS_LATE = 5
"""Intervals without a pass of the retention worker, after which something is the matter."""
PASS_LATE_MIN = timedelta(minutes=15)


class Careful(str):
    """What was found passes, and somebody should look at it."""

    __slots__ = ()


def regions(settings: Settings) -> str:
    """Where everything is. Settings that name a place outside the EEA were refused when they were read."""
    return ", ".join(place.line() for place in declared(settings))


def notice(settings: Settings) -> str:
    """Whom the notice names to candidates: a name of ours is nobody's."""
    if "authority_name" not in settings.model_fields_set:
        return Careful(
            f"candidates are told to complain to “{settings.authority_name}”: set PROCTORING_AUTHORITY_NAME "
            "and PROCTORING_AUTHORITY_URL to your country's"
        )
    return f"complaints to {settings.authority_name}"


def proofs_copy(settings: Settings) -> str:
    """Where proofs are copied to."""
    if settings.checkpoint_copy is None:
        return Careful("a restored old backup is not noticed: set PROCTORING_CHECKPOINT_COPY")
    return f"in {settings.checkpoint_copy}"


def database(core: Core) -> str:
    """Raises Unavailable for a schema of another version, and the driver's errors."""
    core.db.check()
    if not is_newest(core.db):
        raise Unavailable("Its schema is of another version.", "Run `proctoring init` with this version.")
    return core.db.engine.dialect.name


def clocks(core: Core) -> str:
    """This machine's against the database's. Raises Unavailable."""
    with core.db.read() as db:
        return _skew("the database", core.db.now(db), core.clock())


def store_clock(core: Core) -> str:
    """This machine's against the store's, which tells it in every answer. Raises Unavailable."""
    try:
        answer = httpx2.get(f"{core.settings.minio_url.rstrip('/')}/minio/health/live", timeout=ANSWER_S_MAX)
    except httpx2.HTTPError as error:
        raise Unavailable(f"{core.settings.minio_url} is away: {error}.", "Start the store.") from error
    told = parsedate_to_datetime(answer.headers["date"])
    return _skew("the store", told, core.clock())


def _skew(whose: str, theirs: datetime, ours: datetime) -> str:
    skew_s = abs((theirs.astimezone(UTC) - ours).total_seconds())
    limit = BrakeLimits().skew
    if skew_s > limit.total_seconds():
        raise Unavailable(
            f"This machine's clock and that of {whose} differ by {skew_s:.0f} s; nothing is erased above "
            f"{limit.total_seconds():.0f} s.",
            "Let NTP set every machine's clock.",
        )
    return f"{skew_s:.0f} s from {whose}"


def stores(hands: Iterable[ObjectStore]) -> str:
    """Raises StoreFailed unless each works."""
    for one in hands:
        one.check()
    return "answers"


def erasure(core: Core) -> str:
    """Whether the store lets go of what is erased. Raises Unavailable when it does not, StoreFailed."""
    found = erasable(core.settings)
    return Careful("; ".join(found)) if found else "the store keeps nothing that is erased"


def signing(core: Core, signer: Signer) -> str:
    """Raises Invalid when the published half is not that of the key that signs."""
    published = DataFolder(core.settings.data).public_signing_key
    if published.read_bytes() != signer.public:
        raise Invalid(f"{published} is not the half of the key that signs.", "Bring the right one back.")
    return f"key {signer.public.hex()[:16]}…"


def spool(settings: Settings) -> str:
    """Whether the disk that everything recorded comes to first has room. Raises Unavailable, OSError."""
    folder = DataFolder(settings.data)
    disk = os.statvfs(folder.spool if folder.spool.exists() else folder.data)
    free_bytes = disk.f_bavail * disk.f_frsize
    if free_bytes < DISK_FREE_BYTES_MIN:
        raise Unavailable(
            f"Of the disk of {folder.spool}, {free_bytes >> 20} MiB are free, and its reserve is "
            f"{DISK_FREE_BYTES_MIN >> 20} MiB: nothing that is recorded now is kept.",
            "Free space on that disk; recording then goes on by itself.",
        )
    return f"{free_bytes >> 20} MiB free"


_TROUBLES = {
    Trouble.DISK_FULL: (
        "the disk of its spool has less free space than its reserve",
        "Free space on that disk; recording then goes on by itself.",
    ),
    Trouble.SPOOL_FULL: ("its spool is full", "Bring object store or database back."),
    Trouble.UNWRITABLE: ("the disk of its spool refuses what is written", "Look at that disk."),
}


def recording(core: Core) -> str:
    """What capture processes have told of themselves. Raises Unavailable while one can keep nothing."""
    with core.db.read() as db:
        there, troubled = spools.standing(db, core), spools.troubles(db, core)
    if troubled:
        first = troubled[0]
        assert first.told.trouble is not None
        words, remedy = _TROUBLES[first.told.trouble]
        raise Unavailable(
            f"{len(troubled)} of {len(there)} capture processes keep nothing that is recorded, since "
            f"{first.since:%H:%M:%S} UTC: {words}; {first.told.memory_bytes >> 20} MiB wait in memory.",
            remedy,
        )
    several = f"{len(there)} capture process{'' if len(there) == 1 else 'es'}"
    return f"{several} heard of in the last {TOLD_FOR.total_seconds():.0f} s"


def media(settings: Settings) -> str:
    """Which UDP ports have to be open, for how many capture processes."""
    first, count = settings.media_port, settings.capture_processes
    ports = (
        f"{first} to {first + count - 1}" if first and count > 1 else str(first or "of the system's choice")
    )
    return f"{count} capture process{'es' if count > 1 else ''}, UDP {ports}"


def media_path() -> str:
    """Whether packets are handled by compiled code (setup.py)."""
    if segmenter.__file__.endswith(".py"):
        return "interpreted, at twice the CPU per packet; `make setup` compiles it with a C compiler"
    return "compiled"


def relay(server: IceServer) -> str:
    """A STUN answer, or an allocation with a credential as a publisher gets it. Raises OSError."""
    try:
        return f"{server.url} gives {asyncio.run(ask_relay(server))}"
    except OSError as error:
        raise OSError(f"{server.url}: {error}") from error


def job_queue(core: Core) -> str:
    """Raises RedisError."""
    with redis.Redis.from_url(
        core.settings.required_redis_url, socket_timeout=ANSWER_S_MAX, socket_connect_timeout=ANSWER_S_MAX
    ) as client:
        client.ping()
    return "Redis answers"


def last_pass(core: Core) -> str:
    """When the retention worker last went round. Raises Unavailable when that is too long ago."""
    with core.db.read() as db:
        passed_at = worker_state.state(db).passed_at
    if passed_at is None:
        return "none yet"
    age = core.clock() - passed_at
    if age > max(PASS_LATE_MIN, PASS_LATE * timedelta(seconds=core.settings.purge_interval_s)):
        raise Unavailable(
            f"The retention worker last went round {age.total_seconds():.0f} s ago.",
            "See that worker, beat and Redis run.",
        )
    return f"{age.total_seconds():.0f} s ago"
