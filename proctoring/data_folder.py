"""Paths in a data folder: a folder of keys per power, so that each role is given its own alone."""

import json
from dataclasses import dataclass
from pathlib import Path

from proctoring.settings.settings import Env


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The files below a data folder.

    serve.log      the log of `serve --demo`
    keys/public    public halves, for every process
    keys/private   the epochs' private halves: review opens with them, the worker rotates them
    keys/links     the secret for links and tokens: capture
    keys/units     the secret for tags of unit keys: capture
    keys/signing   the signing key: the worker
    keys/minio, keys/database, keys/redis, keys/turn     a secret per user of the services next to us
    """

    data: Path

    @property
    def keys(self) -> Path:
        """The folder of a `storage.keys.folder.KeyFolder`."""
        return self.data / "keys"

    @property
    def public_keys(self) -> Path:
        return self.keys / "public"

    @property
    def private_keys(self) -> Path:
        return self.keys / "private"

    @property
    def public_signing_key(self) -> Path:
        return self.public_keys / "signing.pub"

    @property
    def links_secret(self) -> Path:
        return self.keys / "links" / "links.key"

    @property
    def units_secret(self) -> Path:
        return self.keys / "units" / "units.key"

    @property
    def units_adopted(self) -> Path:
        """There once the units that were open before the secret have their tags."""
        return self.keys / "units" / "adopted"

    @property
    def signing_key(self) -> Path:
        return self.keys / "signing" / "signing.key"

    def secret(self, part: str, user: str) -> Path:
        """The secret of one user of a part next to us."""
        return self.keys / part / f"{user}.secret"

    @property
    def log(self) -> Path:
        return self.data / "serve.log"

    @property
    def spool(self) -> Path:
        return self.data / "spool"

    def spools(self, number: int, of: int) -> list[Path]:
        """The spool of capture process `number` of `of`, then those that it has to empty. Those are left from
        a time with more processes, and are shared out over the present ones."""
        more = [int(folder.name) for folder in self.spool.glob("[0-9]*") if folder.is_dir()]
        left = [n for n in sorted(more) if n >= of and n % of == number]
        return [self.spool / str(n) if n else self.spool for n in (number, *left)]


def move_old_keys(folder: DataFolder) -> list[str]:
    """Bring the keys of a data folder that kept them all in keys/private to where each has its own; which."""
    moved = []
    for new in (folder.links_secret, folder.signing_key):
        old = folder.private_keys / new.name
        if old.exists() and not new.exists():
            new.parent.mkdir(mode=0o700, exist_ok=True)
            old.rename(new)
            moved.append(f"{new.relative_to(folder.data)} out of keys/private")
    return moved


def remember_address(data: Path, host: str, port: int, env: Env) -> None:
    """Note the address at which this data folder is being served, so that other subcommands print working
    links. Also notes whether it is for trying out only, so that they allow the same."""
    new = _address_file(data).with_suffix(".new")
    new.write_text(json.dumps({"host": host, "port": port, "env": env.value}))
    new.replace(_address_file(data))


def running_address(data: Path) -> dict[str, object]:
    """What `remember_address` noted, as settings; empty when nothing was that can be read."""
    try:
        noted = json.loads(_address_file(data).read_text())
        address = {"host": str(noted["host"]), "port": int(noted["port"])}
        return address | ({"env": Env(noted["env"])} if "env" in noted else {})
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _address_file(data: Path) -> Path:
    return data / "served-at.json"
