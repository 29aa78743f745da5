"""Settings of MinIO: its address, and the name and secret key of each user.

A process gets only the keys of the powers that it needs.
"""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from proctoring.errors import Invalid
from proctoring.settings.address import is_clear
from proctoring.settings.secret_files import secret
from storage.addresses import MinioAddress, MinioKey
from storage.objects.powers import Power

SECRET_FOLDER = Path("keys") / "minio"


class MinioSettings(BaseSettings):
    """Part of `Settings`; used only with PROCTORING_STORE=minio."""

    minio_url: str = ""
    minio_country: str = ""
    minio_secure: bool = True
    minio_region: str = "eu-central-1"
    minio_bucket: str = "proctoring-evidence"

    minio_ingest_access_key: str = "proctoring-ingest"
    minio_ingest_secret_key: SecretStr = SecretStr("")
    minio_ingest_secret_key_file: Path | None = None
    minio_reader_access_key: str = "proctoring-reader"
    minio_reader_secret_key: SecretStr = SecretStr("")
    minio_reader_secret_key_file: Path | None = None
    minio_purger_access_key: str = "proctoring-purger"
    minio_purger_secret_key: SecretStr = SecretStr("")
    minio_purger_secret_key_file: Path | None = None

    minio_admin_access_key: str = ""
    minio_admin_secret_key: SecretStr = SecretStr("")
    minio_admin_secret_key_file: Path | None = None

    @property
    def minio_address(self) -> MinioAddress:
        """The bucket. Raises Invalid when the URL is no address."""
        url = urlsplit(self.minio_url)
        if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/") or url.username:
            raise Invalid(
                "PROCTORING_MINIO_URL is no address of a MinIO server.",
                "Set it to http(s)://host:port, without path and without user.",
            )
        return MinioAddress(url.netloc, url.scheme == "https", self.minio_region, self.minio_bucket)

    def check_minio(self, *, dev: bool) -> None:
        """Raises Invalid for a URL that is no address and, outside dev, for an unencrypted one that no
        setting allows."""
        if not self.minio_address.secure and is_clear(self.minio_url) and self.minio_secure and not dev:
            raise Invalid(
                f"{self.minio_url} is not https, so who reads along learns which objects there are.",
                "Use https, or set PROCTORING_MINIO_SECURE=false where the network up to MinIO is yours "
                "alone.",
            )

    def minio_user(self, power: Power, data: Path) -> MinioKey | None:
        """The user of the power; None in a process that was not given its secret key.

        `data` is the folder below which `proctoring init` keeps the secrets that it made.
        """
        key = self._secret(power.value, secret_file(data, power))
        return MinioKey(getattr(self, f"minio_{power.value}_access_key"), key) if key else None

    def minio_admin(self) -> MinioKey | None:
        """The user that may make buckets, users and policies; only `proctoring init` needs it."""
        key = self._secret("admin", None)
        return MinioKey(self.minio_admin_access_key, key) if key else None

    def _secret(self, user: str, default_file: Path | None) -> str:
        """From the file that is named, which must be there; the value; or the default file, if there."""
        named: Path | None = getattr(self, f"minio_{user}_secret_key_file")
        value: SecretStr = getattr(self, f"minio_{user}_secret_key")
        return secret(f"MINIO_{user.upper()}_SECRET_KEY", value, named, default_file)


def secret_file(data: Path, power: Power) -> Path:
    """Path at which `proctoring init` keeps the secret key that it made for a power."""
    return data / SECRET_FOLDER / f"{power.value}.secret"
