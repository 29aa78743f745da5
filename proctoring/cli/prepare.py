"""Makes what is missing in a data folder: keys, secrets, schema. Harmless to repeat."""

import secrets

from proctoring.cli.places import Places, move_old_keys
from proctoring.clock import system_clock
from proctoring.db import Database
from proctoring.migrations import upgrade
from proctoring.settings import Settings
from storage.keys import KeyFolder, write_secret
from storage.sign import Signer

LINK_SECRET_BYTES = 32


def prepare(settings: Settings) -> list[str]:
    """Folder, keys and schema; what was made, one line each."""
    return prepare_keys(settings) + prepare_schema(settings)


def prepare_keys(settings: Settings) -> list[str]:
    """Folder and keys; asks nothing of the network."""
    places = Places(settings.data)
    made = []
    if not settings.data.exists():
        settings.data.mkdir(parents=True, mode=0o700)
        made.append(f"data folder {settings.data}")
    made += [f"way for roles of their own: moved {what}" for what in move_old_keys(places)]
    if not any(places.public_keys.glob("kek-*.pub")):
        made.append(f"key epoch {KeyFolder(places.keys).ensure_epoch(system_clock()).name}")
    if not places.links_secret.exists():
        places.links_secret.parent.mkdir(mode=0o700, exist_ok=True)
        write_secret(places.links_secret, secrets.token_bytes(LINK_SECRET_BYTES))
        made.append("secret for links and tokens")
    if not places.signing_key.exists():
        places.public_signing_key.write_bytes(Signer.ensure(places.signing_key).public)
        made.append("signing key for certificates")
    return made


def prepare_schema(settings: Settings) -> list[str]:
    """The newest schema in the database."""
    database = Database(settings.database)
    try:
        return ["database schema"] if upgrade(database) else []
    finally:
        database.close()
