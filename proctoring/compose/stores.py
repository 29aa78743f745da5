"""Object store that each power is given, and how MinIO is set up for them.

MinIO's client is loaded where one is used: every command starts through this module.
"""

import secrets

from proctoring.compose.prepare import SECRET_BYTES
from proctoring.errors import Unavailable
from proctoring.settings.minio import secret_file
from proctoring.settings.settings import Settings, Store
from storage.addresses import MinioKey
from storage.errors import NotErasable, StoreFailed
from storage.keys.folder import write_secret
from storage.objects.folder import FolderObjects
from storage.objects.powers import Power, Withheld
from storage.objects.store import ObjectStore

NOT_ERASABLE = (
    "Give recordings a bucket of their own without Object Lock, retention and MFA delete "
    "(PROCTORING_MINIO_BUCKET; `proctoring init` makes it), before anything is recorded."
)


def open_store(settings: Settings, power: Power) -> ObjectStore:
    """The objects as one power sees them: on a folder all powers are one, on MinIO each is a user of
    its own. Touches no network."""
    if settings.store is Store.FOLDER:
        return FolderObjects(settings.data / "objects")
    return _minio(settings, power)


def prepare_store(settings: Settings) -> list[str]:
    """Make the bucket and the users, with their secrets, when this process has the administrator's key; what
    was made, one line each. Without it, see that each power that is here works. Raises Unavailable."""
    if settings.store is Store.FOLDER:
        return []
    from storage.objects.minio_setup import set_up

    admin = settings.minio_admin()
    try:
        if admin is None:
            _check_those_here(settings)
            return []
        made, users = [], {}
        for power in Power:
            user = settings.minio_user(power, settings.data)
            if user is None:
                user = _new_secret(settings, power)
                made.append(f"secret key of the {power.value} in {secret_file(settings.data, power)}")
            users[power] = user
        return made + set_up(settings.minio_address, admin, users)
    except StoreFailed as error:
        raise Unavailable(
            f"{error}.",
            "See that MinIO runs at PROCTORING_MINIO_URL, and that PROCTORING_MINIO_ADMIN_* may make buckets "
            "and users; then run `proctoring init` again.",
        ) from error


def erasable(settings: Settings) -> list[str]:
    """Whether the store lets go of what is erased: what could keep a recording, one line each.

    Asks as the administrator, else as the purger. Raises Unavailable, with what to do, when it keeps all; and
    StoreFailed.
    """
    key = settings.minio_admin() or settings.minio_user(Power.PURGER, settings.data)
    if settings.store is Store.FOLDER or key is None:
        return []
    from storage.objects.minio_erasable import cautions

    try:
        return cautions(settings.minio_address, key)
    except NotErasable as error:
        raise Unavailable(f"{error}.", NOT_ERASABLE) from error


def _minio(settings: Settings, power: Power) -> ObjectStore:
    user = settings.minio_user(power, settings.data)
    if user is None:
        name = f"PROCTORING_MINIO_{power.value.upper()}_SECRET_KEY_FILE"
        return Withheld(power, f"if it should, set {name} or run `proctoring init`")
    from storage.objects.minio import MinioObjects

    return MinioObjects(settings.minio_address, user)


def _check_those_here(settings: Settings) -> None:
    here = [user for power in Power if (user := settings.minio_user(power, settings.data))]
    if not here:
        raise StoreFailed("no key of MinIO is here: neither of a power nor the administrator's")
    from storage.objects.minio import MinioObjects

    for user in here:
        MinioObjects(settings.minio_address, user).check()


def _new_secret(settings: Settings, power: Power) -> MinioKey:
    file = secret_file(settings.data, power)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(file, secrets.token_urlsafe(SECRET_BYTES).encode())
    user = settings.minio_user(power, settings.data)
    assert user is not None
    return user
