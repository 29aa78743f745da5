"""Everything that can be configured, read once in the composition root and passed down.

`.env.example` documents each setting with its unit and default. Insecure values start only with
PROCTORING_ENV=dev, and warn.
"""

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from proctoring.errors import Invalid

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Env(StrEnum):
    PRODUCTION = "production"
    DEV = "dev"


class IceServerSetting(BaseModel):
    """A STUN or TURN server handed to publishers (RFC 9725, section 4.6)."""

    url: str
    username: str | None = None
    credential: str | None = None


class Settings(BaseSettings):
    """One frozen set per process."""

    model_config = SettingsConfigDict(
        env_prefix="PROCTORING_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    env: Env = Env.PRODUCTION
    data: Path = Path("data")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    database_url: str = ""
    ice_servers: tuple[IceServerSetting, ...] = ()
    media_addresses: tuple[str, ...] = ()
    purge_interval_s: int = Field(default=60, ge=1)
    checkpoint_copy: Path | None = None

    controller_name: str = "Examination body"
    controller_address: str = "Not configured"
    controller_email: str = "privacy@exam.example"
    controller_phone: str = ""
    authority_name: str = "Data Protection Authority"
    authority_url: str = "https://www.dataprotectionauthority.be/"

    @property
    def base_url(self) -> str:
        """The address people use, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL: SQLite below the data folder unless one is set."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'proctoring.db'}"

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")


def load(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; an override of None counts as not given.

    Raises Invalid, naming the setting, for a value that cannot be or that is insecure outside dev.
    """
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "PROCTORING_" + "_".join(str(part) for part in first["loc"]).upper()
        raise Invalid(f"{name}: {first['msg']}.", "Correct it in the environment or in .env.") from error
    host = urlsplit(settings.base_url).hostname or ""
    if not settings.https and host not in LOOPBACK_HOSTS and settings.env is not Env.DEV:
        raise Invalid(
            f"{settings.base_url} is not https, so recordings and links would travel in clear.",
            "Set PROCTORING_PUBLIC_URL to the https address, or PROCTORING_ENV=dev to try things out.",
        )
    return settings
