"""The settings of MinIO: where it is, and per user its name and secret key.

A process is given the keys of the powers it needs, and no other.
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
    """Part of `Settings`; means something only with PROCTORING_STORE=minio."""

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
        """The bucket. Raises Invalid when the address is none."""
        url = urlsplit(self.minio_url)
        if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/") or url.username:
            raise Invalid(
                "PROCTORING_MINIO_URL is no address of a MinIO server.",
                "Set it to http(s)://host:port, without path and without user.",
            )
        return MinioAddress(url.netloc, url.scheme == "https", self.minio_region, self.minio_bucket)

    def check_minio(self, *, dev: bool) -> None:
        """Raises Invalid for an address that is none; outside dev, for one in clear that nobody allowed."""
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
        """Who may make buckets, users and policies: for `proctoring init` alone."""
        key = self._secret("admin", None)
        return MinioKey(self.minio_admin_access_key, key) if key else None

    def _secret(self, user: str, default_file: Path | None) -> str:
        """From the file that is named, which must be there; the value; or the default file, if there."""
        named: Path | None = getattr(self, f"minio_{user}_secret_key_file")
        value: SecretStr = getattr(self, f"minio_{user}_secret_key")
        return secret(f"MINIO_{user.upper()}_SECRET_KEY", value, named, default_file)


def secret_file(data: Path, power: Power) -> Path:
    """Where `proctoring init` keeps the secret key that it made for a power."""
    return data / SECRET_FOLDER / f"{power.value}.secret"
