"""Makes what is missing in a data folder: keys, secrets, schema. Harmless to repeat."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from proctoring import link_secrets
from proctoring.clock import iso, system_clock
from proctoring.data_folder import DataFolder, move_old_keys
from proctoring.db import Database
from proctoring.errors import Invalid
from proctoring.migrations import upgrade
from proctoring.migrations.grants import OWNER, grant
from proctoring.migrations.rights import USERS
from proctoring.settings.secret_files import REDIS_DEFAULT_USER
from proctoring.settings.settings import Keys, Settings
from proctoring.units import keys as unit_keys
from storage import durable
from storage.keys.folder import KeyFolder, write_secret
from storage.keys.unit_tags import TAG_SECRET_BYTES, UnitTags
from storage.objects.powers import Power
from storage.proofs.sign import Signer

ANOTHER_FOLDER = "Name another with --data or PROCTORING_DATA, or see that this account may write there."
SECRET_BYTES = 30  # 40 characters, all that MinIO takes
SECRETS = {
    "database": (OWNER, *USERS),
    "redis": (REDIS_DEFAULT_USER,),
    "minio": ("admin", *(power.value for power in Power)),
    "turn": ("turn",),
}
FOLDERS = ("spool", "postgres", "minio", "caddy")
OURS = frozenset({"keys", "proctoring.db", "objects", "served-at.json", "serve.log", *FOLDERS})
"""Any of these tells that a folder is a service's."""
NOBODYS = frozenset({"lost+found"})  # at the root of a disk of its own
SHOWN_MAX = 3


def prepare(settings: Settings) -> list[str]:
    """Folder, keys and schema; what was made, one line each."""
    return prepare_keys(settings) + prepare_schema(settings)


def prepare_keys(settings: Settings) -> list[str]:
    """Folder and keys; asks nothing of the network."""
    folder = DataFolder(settings.data)
    made = prepare_folder(settings.data)
    made += [f"way for roles of their own: moved {what}" for what in move_old_keys(folder)]
    folder.public_keys.mkdir(parents=True, exist_ok=True)
    folder.private_keys.mkdir(exist_ok=True, mode=0o700)
    if settings.keys is Keys.FOLDER and not any(folder.public_keys.glob("kek-*.pub")):
        made.append(f"key epoch {KeyFolder(folder.keys).ensure_epoch(system_clock())}")
    if not folder.links_secret.exists():
        folder.links_secret.parent.mkdir(mode=0o700, exist_ok=True)
        write_secret(folder.links_secret, link_secrets.rotated(b"", revoke=False))
        made.append("secret for links and tokens")
    if not folder.units_secret.exists():
        folder.units_secret.parent.mkdir(mode=0o700, exist_ok=True)
        write_secret(folder.units_secret, secrets.token_bytes(TAG_SECRET_BYTES))
        made.append("secret for tags of unit keys")
    if not (folder.signing_key.exists() and folder.public_signing_key.exists()):
        durable.replace(
            folder.public_signing_key, Signer.ensure(folder.signing_key).public, durable.EVERYBODY
        )
        made.append("signing key for certificates")
    return made


def prepare_folder(data: Path) -> list[str]:
    """The data folder, 0700 when it is made. Raises Invalid when it cannot be made, is no folder that can be
    written, or holds other things and no service."""
    try:
        there = data.is_dir()
        if not there:
            data.mkdir(parents=True, mode=0o700)
    except OSError as error:
        why = "it is there and no folder" if isinstance(error, FileExistsError) else error.strerror
        raise Invalid(f"The data folder {data} cannot be made: {why}.", ANOTHER_FOLDER) from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise Invalid(f"The data folder {data} cannot be written.", ANOTHER_FOLDER)
    found = {path.name for path in data.iterdir() if not path.name.startswith(".")} - NOBODYS
    if found and found.isdisjoint(OURS):
        raise Invalid(
            f"The folder {data} holds other things: {', '.join(sorted(found)[:SHOWN_MAX])}.",
            "Name an empty folder with --data or PROCTORING_DATA, or one that does not exist yet.",
        )
    return [] if there else [f"data folder {data}"]


def prepare_secrets(settings: Settings) -> list[str]:
    """Folders, keys and the secrets of every part next to us, as the distributed shape mounts them one by
    one; uses no network."""
    folder = DataFolder(settings.data)
    made = prepare_keys(settings)
    for name in FOLDERS:
        (settings.data / name).mkdir(mode=0o700, exist_ok=True)
    for part, users in SECRETS.items():
        for user in users:
            file = folder.secret(part, user)
            if not file.exists():
                file.parent.mkdir(mode=0o700, exist_ok=True)
                write_secret(file, secrets.token_urlsafe(SECRET_BYTES).encode())
                made.append(f"secret {file.relative_to(settings.data)}")
    return made


def prepare_schema(settings: Settings) -> list[str]:
    """The newest schema in the database; on PostgreSQL a user for each role whose secret is here."""
    database = Database(settings.database)
    try:
        made = ["database schema"] if upgrade(database) else []
        made += _adopt_units(DataFolder(settings.data), database)
        files = {user: DataFolder(settings.data).secret("database", user) for user in USERS}
        passwords = {user: file.read_text().strip() for user, file in files.items() if file.exists()}
        on_postgres = database.engine.dialect.name == "postgresql"
        return made + (grant(database, passwords) if on_postgres else [])
    finally:
        database.close()


def _adopt_units(folder: DataFolder, database: Database) -> list[str]:
    """Gives the open units from before the secret their tags, once for each secret. From then on nothing is
    sealed to a unit without its tag, even if somebody removed it."""
    if folder.units_adopted.exists():
        return []
    tags = UnitTags(folder.units_secret.read_bytes())
    with database.begin() as db:
        adopted = unit_keys.adopt(db, system_clock, tags)
    with suppress(FileExistsError):
        write_secret(folder.units_adopted, f"{iso(system_clock())}\n".encode())
    return [f"tags for the keys of {adopted} open evidence units"] if adopted else []
