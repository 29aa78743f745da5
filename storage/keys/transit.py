"""KEK epochs in a key service: one key of OpenBao's or Vault's Transit engine per epoch, `kek-YYYYwWW`.

No process ever holds an epoch's key. The three powers are three classes over three logins. The service
refuses to each of them the powers of the others (`storage.keys.transit_setup`). Format:
`docs/formats/keys.md`.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import hvac
from hvac.exceptions import InvalidRequest

from storage.errors import KeyMissing, KeyServiceFailed, NotAuthentic
from storage.keys.folder import KeyFolder, check_epoch, epoch_name
from storage.keys.transit_client import TransitClient

MAGIC = b"PET1"
KEY_TYPE = "aes256-gcm96"
_GONE = "key not found"
_NOT_AUTHENTIC = ("authentication failed", "invalid ciphertext")


@dataclass(frozen=True, slots=True)
class TransitEpoch:
    """An epoch to seal to; the key stays in the service."""

    name: str
    client: TransitClient

    def seal(self, secret: bytes, info: bytes) -> bytes:
        """See Epoch: AES-256-GCM in the service, `info` as associated data."""

        def encrypt(client: hvac.Client) -> Any:
            return client.secrets.transit.encrypt_data(
                self.name,
                plaintext=_base64(secret),
                associated_data=_base64(info),
                mount_point=self.client.mount,
            )

        try:
            answer = self.client.call(f"encrypt with {self.name}", encrypt)
        except InvalidRequest as error:
            raise _failed(f"encrypt with {self.name}", error) from error
        return MAGIC + str(answer["data"]["ciphertext"]).encode("ascii")


class TransitSealing:
    """SealingKeys over a login that may encrypt and list, and nothing else."""

    def __init__(self, client: TransitClient) -> None:
        self._client = client

    def newest(self) -> TransitEpoch:
        """See SealingKeys. Asked again each time: the newest changes every week."""
        names = self._client.epochs()
        if not names:
            raise KeyMissing("there is no key epoch yet; run `proctoring init`")
        return TransitEpoch(names[-1], self._client)


class TransitOpening:
    """OpeningKeys over a login that may decrypt, and nothing else.

    `earlier` opens what was sealed to key files before the service was there.
    """

    def __init__(self, client: TransitClient, earlier: KeyFolder) -> None:
        self._client = client
        self._earlier = earlier

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        """See OpeningKeys."""
        name = check_epoch(epoch)
        if not sealed.startswith(MAGIC):
            return self._earlier.open(name, sealed, info)
        ciphertext = sealed[len(MAGIC) :].decode("ascii", errors="replace")

        def decrypt(client: hvac.Client) -> Any:
            return client.secrets.transit.decrypt_data(
                name, ciphertext, associated_data=_base64(info), mount_point=self._client.mount
            )

        try:
            answer = self._client.call(f"decrypt with {name}", decrypt)
        except InvalidRequest as error:
            said = str(error.args[0])
            if _GONE in said:
                raise KeyMissing(f"the key of {name} is destroyed, or was never made") from error
            if any(words in said for words in _NOT_AUTHENTIC):
                raise NotAuthentic("a sealed key does not open") from error
            raise _failed(f"decrypt with {name}", error) from error
        return base64.b64decode(answer["data"]["plaintext"])


class TransitEpochs:
    """EpochKeys over a login that may make keys, list them and delete them, and nothing else.

    `earlier` are key files from before the service was there; their epochs are listed and destroyed too.
    """

    def __init__(self, client: TransitClient, earlier: KeyFolder) -> None:
        self._client = client
        self._earlier = earlier

    def ensure_epoch(self, now: datetime) -> str:
        """See EpochKeys. Making a key that is there changes nothing, so two processes may come at once."""
        name = epoch_name(now)
        if name not in self._client.epochs():
            self._do(f"make {name}", lambda keys: keys.create_key(name, key_type=KEY_TYPE, **self._mount))
        return self._client.epochs()[-1]

    def epochs(self) -> list[str]:
        """See EpochKeys."""
        return sorted({*self._client.epochs(), *self._earlier.epochs()})

    def destroy(self, epoch: str) -> None:
        """See EpochKeys. The service keeps a key until its deletion has been allowed."""
        name, mount = check_epoch(epoch), self._mount
        self._earlier.destroy(name)
        if name not in self._client.epochs():
            return
        what = f"delete {name}"
        self._do(what, lambda keys: keys.update_key_configuration(name, deletion_allowed=True, **mount))
        self._do(what, lambda keys: keys.delete_key(name, **mount))
        if name in self._client.epochs():
            raise KeyServiceFailed(f"the key service still has {name} after deleting it")

    @property
    def _mount(self) -> dict[str, str]:
        return {"mount_point": self._client.mount}

    def _do(self, what: str, act: Any) -> None:
        try:
            self._client.call(what, lambda client: act(client.secrets.transit))
        except InvalidRequest as error:
            raise _failed(what, error) from error


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _failed(what: str, error: InvalidRequest) -> KeyServiceFailed:
    return KeyServiceFailed(f"the key service does not {what}: {error.args[0]}")
