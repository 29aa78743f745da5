"""Keys that each power is given, from the key folder or by a login of the key service; and how that is set
up.

The key service's client is loaded where one is used: every command starts through this module.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from proctoring.clock import system_clock
from proctoring.errors import Unavailable
from proctoring.settings.settings import Keys, Settings
from storage.errors import KeyServiceFailed
from storage.keys.folder import EpochKeys, KeyFolder, OpeningKeys, SealingKeys
from storage.keys.powers import KeyPower, WithheldKeys

if TYPE_CHECKING:
    from storage.keys.transit_client import TransitClient


@dataclass(frozen=True, slots=True)
class KeyPowers:
    """The same epochs through three hands: capture is given the first, review the second, rotation all. In a
    key folder they are one; in a key service three logins, of which a process may lack some."""

    sealing: SealingKeys
    opening: OpeningKeys
    epochs: EpochKeys


def open_keys(settings: Settings, folder: Path) -> KeyPowers:
    """The keys by the settings; touches no network. `folder` holds the key files."""
    files = KeyFolder(folder)
    if settings.keys is Keys.FOLDER:
        return KeyPowers(files, files, files)
    from storage.keys.transit import TransitEpochs, TransitOpening, TransitSealing

    sealer, opener, shredder = (_client(settings, power) for power in KeyPower)
    return KeyPowers(
        TransitSealing(sealer) if sealer else _withheld(KeyPower.SEALER),
        TransitOpening(opener, files) if opener else _withheld(KeyPower.OPENER),
        TransitEpochs(shredder, files) if shredder else _withheld(KeyPower.SHREDDER),
    )


def prepare_key_service(settings: Settings) -> list[str]:
    """Make engine, policies and logins, when this process has the administrator's login, and the first epoch,
    when it has the shredder's. Returns what was made, one line each. Raises Unavailable."""
    if settings.keys is Keys.FOLDER:
        return []
    from storage.keys.transit import TransitEpochs
    from storage.keys.transit_setup import set_up

    made = []
    try:
        if settings.transit_admin_login_file is not None:
            logins = {power: settings.transit_login(power, settings.data) for power in KeyPower}
            made += set_up(settings.transit_address, settings.transit_admin_login_file, logins)
        shredder = _client(settings, KeyPower.SHREDDER)
        if shredder is not None and not shredder.epochs():
            epochs = TransitEpochs(shredder, KeyFolder(settings.data / "keys"))
            made.append(f"key epoch {epochs.ensure_epoch(system_clock())}")
    except KeyServiceFailed as error:
        raise Unavailable(
            f"{error}.",
            "See that the key service runs, unsealed, at PROCTORING_TRANSIT_URL, and that the login of "
            "PROCTORING_TRANSIT_ADMIN_LOGIN_FILE may administer it; then run `proctoring init` again.",
        ) from error
    return made


def _client(settings: Settings, power: KeyPower) -> "TransitClient | None":
    from storage.keys.transit_client import TransitClient

    login = settings.transit_login(power, settings.data)
    return TransitClient(settings.transit_address, login) if login.exists() else None


def _withheld(power: KeyPower) -> WithheldKeys:
    name = f"PROCTORING_TRANSIT_{power.value.upper()}_LOGIN_FILE"
    return WithheldKeys(power, f"if it should, set {name} or run `proctoring init`")
