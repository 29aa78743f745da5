"""The composition root: from settings to the parts of each role.

Three powers, three types: `CaptureParts` may seal, `ReviewParts` may open, `WorkerParts` may destroy. A
process is put together as the type of its role and reads no key of another. `serve` and the operator's
commands hold `Parts`, all three over one core.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from proctoring.clock import system_clock
from proctoring.compose.key_service import KeyPowers, open_keys
from proctoring.compose.stores import open_store
from proctoring.core import Core
from proctoring.data_folder import DataFolder, running_address
from proctoring.db import Database
from proctoring.errors import Unavailable
from proctoring.holds.brake import NO_PAUSE_TOO_LONG, BrakeLimits
from proctoring.ids import new_id
from proctoring.links import Links
from proctoring.migrations import refuse_unknown
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.copied_acts import copy_acts
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.job import LedgerReplay
from proctoring.proofs.stamps import Stamps, ask_time
from proctoring.recordings.rotation import Rotation
from proctoring.restore.compare import CopyWatch
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Env, Settings
from retention.clocks import nobody
from retention.erase import Eraser
from retention.replay import Replay
from retention.rules import Rules
from storage.keys.folder import EpochKeys
from storage.keys.unit_tags import UnitTags
from storage.objects.powers import Power
from storage.objects.shred import Shredder
from storage.objects.store import ObjectStore
from storage.proofs.sign import Signer
from storage.proofs.timestamp import HttpAuthority
from storage.seal import Opener, Sealer


@dataclass(frozen=True, slots=True)
class CaptureParts:
    """May seal: public halves, the secrets for links and for tags of unit keys, the ingest key of the
    store. No private half."""

    core: Core
    objects: ObjectStore


@dataclass(frozen=True, slots=True)
class ReviewParts:
    """May open, after a custody entry: the epochs' private halves, the reader key of the store."""

    core: Core
    objects: ObjectStore
    opener: Opener


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """May destroy: the purger key of the store, the signing key, the epochs. Cannot read an object."""

    core: Core
    objects: ObjectStore
    keys: EpochKeys
    opener: Opener
    signer: Signer

    def rotation(self) -> Rotation:
        return Rotation(self.core, self.opener, self.keys, EpochGuard(self.core))

    def checkpoints(self) -> Checkpoints:
        settings = self.core.settings
        if not settings.tsa_url:
            return Checkpoints(self.core, self.signer, settings.checkpoint_copy)
        stamps = Stamps(self.core, HttpAuthority(settings.tsa_url))
        return Checkpoints(self.core, self.signer, settings.checkpoint_copy, stamps.run)

    def ledger_replay(self) -> LedgerReplay:
        return LedgerReplay(self.core, self.signer)

    def replay(self) -> Replay:
        return Replay(self.core, Shredder(self.objects))

    def eraser(self) -> Eraser:
        settings = self.core.settings
        dev = settings.env is Env.DEV  # a demo may lie for weeks, and acts as of any day
        rules = Rules(brake=BrakeLimits(pause=NO_PAUSE_TOO_LONG)) if dev else Rules()
        ask = partial(ask_time, HttpAuthority(settings.tsa_url)) if settings.tsa_url else nobody
        return Eraser(self.core, Shredder(self.objects), self.signer, rules=rules, ask_time=ask)


@dataclass(frozen=True, slots=True)
class Parts:
    """The sum of the roles, over one core."""

    core: Core
    capture: CaptureParts
    review: ReviewParts
    worker: WorkerParts


def capture_parts(settings: Settings) -> CaptureParts:
    """Raises Unavailable before `proctoring init` ran."""
    return _capture(_sealing_core(settings))


def front_core(settings: Settings) -> Core:
    """The core of the front of several capture processes. Raises Unavailable before `proctoring init` ran."""
    return _core(settings, _links(settings))


def review_parts(settings: Settings) -> ReviewParts:
    """Raises Unavailable before `proctoring init` ran."""
    return _review(_core(settings))


def worker_parts(settings: Settings) -> WorkerParts:
    """Raises Unavailable before `proctoring init` ran."""
    return _worker(_core(settings))


def assemble(settings: Settings) -> Parts:
    """All roles. Raises Unavailable before `proctoring init` or `proctoring serve` ran."""
    core = _sealing_core(settings)
    return Parts(core, _capture(core), _review(core), _worker(core))


def parts(data: Path | None = None) -> Parts:
    """`assemble` by the environment's settings, over a data folder, for one command. Raises Unavailable for a
    database that this version of the program does not know."""
    settings = configuration.load(data=data)
    if not settings.public_url:
        settings = settings.model_copy(update=running_address(settings.data))
    made = assemble(settings)
    refuse_unknown(made.core.db)
    return made


def watch(core: Core, signer: Signer | None = None) -> CopyWatch:
    """Compares the database with the copy of its proofs, in a process of any role that is given the copy."""
    public = _read(core.settings, DataFolder(core.settings.data).public_signing_key)
    return CopyWatch(core, public, core.settings.checkpoint_copy, signer)


def watched(made: Parts) -> Parts:
    """The same, after that comparison: what serves, exports or erases begins here. Raises Unavailable when it
    cannot be made."""
    watch(made.core).look()
    return made


def whip_url(settings: Settings) -> str:
    """Where publishers post their offers."""
    return f"{settings.base_url}/whip"


def _keys(settings: Settings) -> KeyPowers:
    return open_keys(settings, DataFolder(settings.data).keys)


def _core(settings: Settings, links: Links | None = None, tags: UnitTags | None = None) -> Core:
    if not DataFolder(settings.data).public_keys.exists():
        raise _not_made(settings)
    return Core(
        settings,
        system_clock,
        new_id,
        Database(settings.database),
        links or Links(None, system_clock),
        Sealer(_keys(settings).sealing, tags),
    )


def _sealing_core(settings: Settings) -> Core:
    """What makes units and seals to them."""
    tags = UnitTags(_read(settings, DataFolder(settings.data).units_secret))
    return _core(settings, _links(settings), tags)


def _links(settings: Settings) -> Links:
    return Links(_read(settings, DataFolder(settings.data).links_secret), system_clock)


def _capture(core: Core) -> CaptureParts:
    return CaptureParts(core, open_store(core.settings, Power.INGEST))


def _review(core: Core) -> ReviewParts:
    opener = Opener(_keys(core.settings).opening)
    return ReviewParts(core, open_store(core.settings, Power.READER), opener)


def _worker(core: Core) -> WorkerParts:
    settings = core.settings
    signer = Signer(_read(settings, DataFolder(settings.data).signing_key))
    copy_acts(core, signer)
    keys = _keys(settings)
    objects = open_store(settings, Power.PURGER)
    return WorkerParts(core, objects, keys.epochs, Opener(keys.opening), signer)


def _read(settings: Settings, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _not_made(settings, file) from None


def _not_made(settings: Settings, missing: Path | None = None) -> Unavailable:
    what = f": {missing.relative_to(settings.data)} is missing" if missing else ""
    return Unavailable(
        f"There is no service in {settings.data}{what}.",
        "Run `proctoring init` or `proctoring serve` first; a role of its own is given the file.",
    )
