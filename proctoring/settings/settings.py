"""Everything that can be configured, read once in the composition root and passed down.

`.env.example` documents each setting with its unit and default. Insecure values start only with
PROCTORING_ENV=dev, and warn.
"""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError
from sqlalchemy import URL

from proctoring.errors import Invalid
from proctoring.settings.address import AddressSettings
from proctoring.settings.controller import ControllerSettings
from proctoring.settings.declared_places import declared
from proctoring.settings.media import MediaSettings
from proctoring.settings.minio import MinioSettings
from proctoring.settings.secret_files import secret, with_password
from proctoring.settings.transit import TransitSettings
from proctoring.settings.tsa import TsaSettings
from proctoring.settings.turn import TurnSettings
from proctoring.text import is_unicode

CORRECT = "Correct it in the environment or in .env."
SETTING = re.compile(r'field "(\w+)"')  # as pydantic names it
DATABASES = ("postgresql+psycopg://", "sqlite:///")
REDIS = ("redis://", "rediss://", "unix://")


class Env(StrEnum):
    PRODUCTION = "production"
    DEV = "dev"


class Store(StrEnum):
    FOLDER = "folder"
    MINIO = "minio"


class Keys(StrEnum):
    FOLDER = "folder"
    TRANSIT = "transit"


class Settings(
    AddressSettings,
    MediaSettings,
    ControllerSettings,
    MinioSettings,
    TransitSettings,
    TurnSettings,
    TsaSettings,
):
    """Frozen; one instance per process."""

    model_config = SettingsConfigDict(
        env_prefix="PROCTORING_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    env: Env = Env.PRODUCTION
    data: Path = Path("data")
    region: str = ""
    database_url: str = ""
    database_region: str = ""
    store: Store = Store.FOLDER
    keys: Keys = Keys.FOLDER
    redis_url: str = ""
    redis_region: str = ""
    purge_interval_s: int = Field(default=60, ge=1)
    checkpoint_copy: Path | None = None
    metrics_token: SecretStr = SecretStr("")
    metrics_token_file: Path | None = None

    @property
    def database(self) -> str | URL:
        """Address of the database: the URL that is set, else SQLite below the data folder. The password of
        the URL's user may come from the data folder (`with_password`). A folder's name is never parsed as a
        URL: it may contain `?`, `%` or `#`."""
        if not self.database_url:
            return URL.create("sqlite", database=str(self.data.resolve() / "proctoring.db"))
        return with_password(self.database_url, self.data / "keys" / "database")

    @property
    def required_redis_url(self) -> str:
        """Address of the job queue, with the password from the data folder. Raises Invalid when not set."""
        if not self.redis_url:
            raise Invalid("PROCTORING_REDIS_URL is not set.", "Set it to redis://:PASSWORD@HOST:6379/0.")
        return with_password(self.redis_url, self.data / "keys" / "redis")

    @property
    def metrics_secret(self) -> str:
        """The token that reads `/metrics`; empty where there is none. Raises Invalid for a file that
        cannot be read."""
        return secret("METRICS_TOKEN", self.metrics_token, self.metrics_token_file)

    def check(self) -> None:
        """Runs the checks of every group of settings. Raises Invalid, as `load` does."""
        dev = self.env is Env.DEV
        self._check_encoding()
        self.check_words()
        self.check_proxies()
        self._check_services()
        self.check_media_addresses()
        self.check_tsa()
        self.check_turn()
        for place in declared(self):
            place.check()
        self.check_media_ports()
        self.check_address(dev=dev)
        if self.store is Store.MINIO:
            self.check_minio(dev=dev)
        if self.keys is Keys.TRANSIT:
            self.check_transit(dev=dev)
        if self.is_public:
            self.check_controller()

    def _check_encoding(self) -> None:
        """Raises Invalid for a value that is no text."""
        for name, value in self:
            if isinstance(value, str | Path) and not is_unicode(str(value)):
                raise Invalid(f"PROCTORING_{name.upper()} is not valid UTF-8.", "Write it again, as UTF-8.")

    def _check_services(self) -> None:
        """Raises Invalid for what only looks like an address; nothing is asked of the network."""
        if self.database_url and not self.database_url.startswith(DATABASES):
            raise Invalid(
                "PROCTORING_DATABASE_URL is no address of a database that the service speaks with.",
                "Set it to postgresql+psycopg://USER@HOST/proctoring, or leave it out for SQLite.",
            )
        if self.redis_url and not self.redis_url.startswith(REDIS):
            raise Invalid("PROCTORING_REDIS_URL is no address of a Redis.", "Set it to redis://HOST:6379/0.")


def load(**overrides: object) -> Settings:
    """Settings from the environment and `.env`; an override of None counts as not given.

    Raises Invalid, naming the setting, for an impossible value and, outside dev, for an insecure one. Raises
    it too for a place outside the European Economic Area.
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
    settings.check()
    return settings
