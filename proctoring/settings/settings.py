"""Everything that can be configured, read once in the composition root and passed down.

`.env.example` documents each setting with its unit and default. Insecure values start only with
PROCTORING_ENV=dev, and warn.
"""

import re
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError
from sqlalchemy import URL

from proctoring.errors import Invalid
from proctoring.settings.declared_places import declared
from proctoring.settings.minio import MinioSettings
from proctoring.settings.secret_files import secret, with_password
from proctoring.settings.transit import TransitSettings
from proctoring.settings.turn import TurnSettings
from proctoring.text import is_unicode, line

PORT_MAX = 65535
SAID_CHARS_MAX = 500
SAID_TO_CANDIDATES = (
    "controller_name",
    "controller_address",
    "controller_email",
    "controller_phone",
    "authority_name",
    "authority_url",
)
CORRECT = "Correct it in the environment or in .env."
SETTING = re.compile(r'field "(\w+)"')  # as pydantic names it
DATABASES = ("postgresql+psycopg://", "sqlite:///")
REDIS = ("redis://", "rediss://", "unix://")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Env(StrEnum):
    PRODUCTION = "production"
    DEV = "dev"


class Store(StrEnum):
    FOLDER = "folder"
    MINIO = "minio"


class Keys(StrEnum):
    FOLDER = "folder"
    TRANSIT = "transit"


class IceServerSetting(BaseModel):
    """A STUN or TURN server handed to publishers (RFC 9725, section 4.6)."""

    url: str
    region: str = ""
    username: str | None = None
    credential: str | None = None


class Settings(MinioSettings, TransitSettings, TurnSettings):
    """One frozen set per process."""

    model_config = SettingsConfigDict(
        env_prefix="PROCTORING_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    env: Env = Env.PRODUCTION
    data: Path = Path("data")
    region: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    proxies: tuple[str, ...] = ()
    database_url: str = ""
    database_region: str = ""
    store: Store = Store.FOLDER
    keys: Keys = Keys.FOLDER
    ice_servers: tuple[IceServerSetting, ...] = ()
    media_addresses: tuple[str, ...] = ()
    media_port: int = Field(default=0, ge=0, le=65535)
    capture_processes: int = Field(default=1, ge=1)
    redis_url: str = ""
    redis_region: str = ""
    purge_interval_s: int = Field(default=60, ge=1)
    checkpoint_copy: Path | None = None
    tsa_url: str = ""
    tsa_region: str = ""
    metrics_token: SecretStr = SecretStr("")
    metrics_token_file: Path | None = None

    controller_name: str = "Examination body"
    controller_address: str = ""
    controller_email: str = "privacy@exam.example"
    controller_phone: str = ""
    authority_name: str = "Data Protection Authority"
    authority_url: str = "https://www.dataprotectionauthority.be/"

    @property
    def base_url(self) -> str:
        """The address people use, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str | URL:
        """Where the database is: SQLite below the data folder unless a URL is set, whose user's password may
        lie in the data folder (`with_password`). A folder's name is never read as a URL: it may hold `?`,
        `%` or `#`."""
        if not self.database_url:
            return URL.create("sqlite", database=str(self.data.resolve() / "proctoring.db"))
        return with_password(self.database_url, self.data / "keys" / "database")

    @property
    def required_redis_url(self) -> str:
        """Where jobs are queued, with the password from the data folder. Raises Invalid when not set."""
        if not self.redis_url:
            raise Invalid("PROCTORING_REDIS_URL is not set.", "Set it to redis://:PASSWORD@HOST:6379/0.")
        return with_password(self.redis_url, self.data / "keys" / "redis")

    @property
    def metrics_secret(self) -> str:
        """The token that reads `/metrics`; empty where there is none. Raises Invalid for a file that
        cannot be read."""
        return secret("METRICS_TOKEN", self.metrics_token, self.metrics_token_file)

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")


def load(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; an override of None counts as not given.

    Raises Invalid, naming the setting, for a value that cannot be, that is insecure outside dev, or that
    would bring recordings out of the European Economic Area.
    """
    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "PROCTORING_" + "_".join(str(part) for part in first["loc"]).upper()
        raise Invalid(f"{name}: {first['msg']}.", CORRECT) from error
    except SettingsError as error:
        found = SETTING.search(str(error))
        name = f"PROCTORING_{found[1].upper()}" if found else "A setting"
        raise Invalid(f"{name} is not the JSON that .env.example shows.", CORRECT) from error
    except (UnicodeDecodeError, OSError) as error:
        raise Invalid(f"The file .env cannot be read: {error}.", "Write it again, as UTF-8.") from error
    _check_texts(settings)
    _check_proxies(settings)
    _check_addresses(settings)
    if settings.tsa_url:
        _check_tsa(settings)
    host = urlsplit(settings.base_url).hostname or ""
    settings.check_turn()
    for place in declared(settings):
        place.check()
    if settings.media_port + settings.capture_processes - 1 > PORT_MAX:
        raise Invalid(
            f"{settings.capture_processes} capture processes need as many UDP ports from "
            f"{settings.media_port} on; the last there is is {PORT_MAX}.",
            "Correct PROCTORING_MEDIA_PORT or PROCTORING_CAPTURE_PROCESSES.",
        )
    if not settings.https and host not in LOOPBACK_HOSTS and settings.env is not Env.DEV:
        raise Invalid(
            f"{settings.base_url} is not https, so recordings and links would travel in clear.",
            "Set PROCTORING_PUBLIC_URL to the https address, or PROCTORING_ENV=dev to try things out.",
        )
    if settings.store is Store.MINIO:
        _check_minio(settings)
    if settings.keys is Keys.TRANSIT:
        _check_transit(settings)
    unset = Settings.model_fields["controller_email"].default
    if host not in LOOPBACK_HOSTS and settings.controller_email == unset:
        raise Invalid(
            "Candidates would be told to write to an address that is not yours.",
            "Set PROCTORING_CONTROLLER_EMAIL to the one that answers them.",
        )
    return settings


def _check_texts(settings: Settings) -> None:
    """Raises Invalid for a value that is no text, and for words of the notice that are not one line."""
    for name, value in settings:
        if isinstance(value, str | Path) and not is_unicode(str(value)):
            raise Invalid(f"PROCTORING_{name.upper()} is not valid UTF-8.", "Write it again, as UTF-8.")
    for name in SAID_TO_CANDIDATES:
        if value := getattr(settings, name):
            line(value, f"PROCTORING_{name.upper()}", SAID_CHARS_MAX)


def _check_proxies(settings: Settings) -> None:
    for given in settings.proxies:
        try:
            ip_network(given)
        except ValueError as error:
            raise Invalid(
                f"PROCTORING_PROXIES: {given!r} is no address and no network.",
                'Write it as JSON, such as ["192.0.2.7", "198.51.100.0/24"].',
            ) from error


def _check_addresses(settings: Settings) -> None:
    """Raises Invalid for what only looks like an address; nothing is asked of the network."""
    if settings.database_url and not settings.database_url.startswith(DATABASES):
        raise Invalid(
            "PROCTORING_DATABASE_URL is no address of a database that the service speaks with.",
            "Set it to postgresql+psycopg://USER@HOST/proctoring, or leave it out for SQLite.",
        )
    if settings.redis_url and not settings.redis_url.startswith(REDIS):
        raise Invalid("PROCTORING_REDIS_URL is no address of a Redis.", "Set it to redis://HOST:6379/0.")
    for address in settings.media_addresses:
        try:
            ip_address(address)
        except ValueError as error:
            raise Invalid(
                f"PROCTORING_MEDIA_ADDRESSES: {address} is no IP address.", 'Write ["192.0.2.10"].'
            ) from error


def _check_minio(settings: Settings) -> None:
    place = settings.minio_place
    host = urlsplit(settings.minio_url).hostname or ""
    if not (place.secure or host in LOOPBACK_HOSTS or settings.env is Env.DEV) and settings.minio_secure:
        raise Invalid(
            f"{settings.minio_url} is not https, so who reads along learns which objects there are.",
            "Use https, or set PROCTORING_MINIO_SECURE=false where the network up to MinIO is yours alone.",
        )


def _check_transit(settings: Settings) -> None:
    host = urlsplit(settings.transit_place.url).hostname or ""
    if not (settings.transit_url.startswith("https://") or host in LOOPBACK_HOSTS or settings.env is Env.DEV):
        raise Invalid(
            f"{settings.transit_url} is not https, so who reads along learns the keys of recordings.",
            "Set PROCTORING_TRANSIT_URL to the https address of the key service.",
        )


def _check_tsa(settings: Settings) -> None:
    url = urlsplit(settings.tsa_url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Invalid("PROCTORING_TSA_URL is no address.", "Set it to http(s)://host/path, or leave it out.")
