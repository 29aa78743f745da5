"""The composition root: from settings to the parts that each power needs."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from proctoring import settings as configuration
from proctoring.cli.key_service import open_keys
from proctoring.cli.stores import Stores, open_stores
from proctoring.clock import system_clock
from proctoring.core import Core
from proctoring.custody.checkpoints import Checkpoints
from proctoring.custody.stamps import Stamps
from proctoring.db import Database
from proctoring.errors import Unavailable
from proctoring.ids import new_id
from proctoring.migrations import upgrade
from proctoring.recordings.rotation import Rotation
from proctoring.sessions.links import Links
from proctoring.settings import Keys, Settings
from retention.erase import Eraser
from storage.keys import EpochKeys, KeyFolder, write_secret
from storage.seal import Opener, Sealer
from storage.shred import Shredder
from storage.sign import Signer
from storage.timestamp import HttpAuthority

LINK_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything of one process that holds all three powers, as `serve` and the command line do."""

    core: Core
    stores: Stores
    opener: Opener
    signer: Signer
    keys: EpochKeys

    def rotation(self) -> Rotation:
        return Rotation(self.core, self.opener, self.keys)

    def checkpoints(self) -> Checkpoints:
        settings = self.core.settings
        if not settings.tsa_url:
            return Checkpoints(self.core, self.signer, settings.checkpoint_copy)
        stamps = Stamps(self.core, HttpAuthority(settings.tsa_url))
        return Checkpoints(self.core, self.signer, settings.checkpoint_copy, stamps.run)

    def eraser(self) -> Eraser:
        return Eraser(self.core, Shredder(self.stores.purger), self.signer)


def prepare(settings: Settings) -> list[str]:
    """Make what is missing: folder, schema, keys. What was made, one line each; harmless to repeat."""
    made = []
    if not settings.data.exists():
        settings.data.mkdir(parents=True, mode=0o700)
        made.append(f"data folder {settings.data}")
    keys = _keys(settings)
    (keys / "public").mkdir(parents=True, exist_ok=True)
    (keys / "private").mkdir(exist_ok=True, mode=0o700)
    if settings.keys is Keys.FOLDER and not any(keys.glob("public/kek-*.pub")):
        made.append(f"key epoch {KeyFolder(keys).ensure_epoch(system_clock())}")
    if not _link_secret(settings).exists():
        write_secret(_link_secret(settings), secrets.token_bytes(LINK_SECRET_BYTES))
        made.append("secret for links and tokens")
    if not _signing_key(settings).exists():
        (keys / "public" / "signing.pub").write_bytes(Signer.ensure(_signing_key(settings)).public)
        made.append("signing key for certificates")
    database = Database(settings.database)
    try:
        if upgrade(database):
            made.append("database schema")
    finally:
        database.close()
    return made


def parts(data: Path | None = None, port: int | None = None, host: str | None = None) -> Parts:
    """The parts over a prepared data folder. Raises Unavailable before `init` or `serve` ran once."""
    return assemble(configuration.load(data=data, port=port, host=host))


def assemble(settings: Settings) -> Parts:
    """See `parts`."""
    if not _link_secret(settings).exists():
        raise Unavailable(
            f"There is no service in {settings.data}.", "Run `proctoring init` or `proctoring serve` first."
        )
    keys = open_keys(settings, _keys(settings))
    links = Links(_link_secret(settings).read_bytes(), system_clock)
    core = Core(
        _with_running_address(settings),
        system_clock,
        new_id,
        Database(settings.database),
        links,
        Sealer(keys.sealing),
    )
    signer = Signer(_signing_key(settings).read_bytes())
    return Parts(core, open_stores(settings), Opener(keys.opening), signer, keys.epochs)


def remember_address(settings: Settings) -> None:
    """Note where this data folder is being served, so that other subcommands print links that work."""
    _address_file(settings).write_text(json.dumps({"host": settings.host, "port": settings.port}))


def _with_running_address(settings: Settings) -> Settings:
    if settings.public_url or not _address_file(settings).exists():
        return settings
    running = json.loads(_address_file(settings).read_text())
    return settings.model_copy(update=running)


def whip_url(settings: Settings) -> str:
    """Where publishers post their offers."""
    return f"{settings.base_url}/whip"


def _keys(settings: Settings) -> Path:
    return settings.data / "keys"


def _link_secret(settings: Settings) -> Path:
    return _keys(settings) / "private" / "links.key"


def _signing_key(settings: Settings) -> Path:
    return _keys(settings) / "private" / "signing.key"


def _address_file(settings: Settings) -> Path:
    return settings.data / "served-at.json"
