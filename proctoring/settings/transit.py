"""Settings of the key service: its address, and the login file of each power."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic_settings import BaseSettings

from proctoring.errors import Invalid
from proctoring.settings.address import is_clear
from storage.addresses import TransitAddress
from storage.keys.powers import KeyPower

LOGIN_FOLDER = Path("keys") / "transit"


class TransitSettings(BaseSettings):
    """Part of `Settings`; used only with PROCTORING_KEYS=transit."""

    transit_url: str = ""
    transit_region: str = ""
    transit_mount: str = "proctoring-transit"

    transit_sealer_login_file: Path | None = None
    transit_opener_login_file: Path | None = None
    transit_shredder_login_file: Path | None = None
    transit_admin_login_file: Path | None = None

    @property
    def transit_address(self) -> TransitAddress:
        """The engine. Raises Invalid when the URL is no address."""
        url = urlsplit(self.transit_url)
        if url.scheme not in ("http", "https") or not url.netloc or url.path.strip("/") or url.username:
            raise Invalid(
                "PROCTORING_TRANSIT_URL is no address of a key service.",
                "Set it to https://host:port, without path and without user.",
            )
        return TransitAddress(self.transit_url, self.transit_mount)

    def check_transit(self, *, dev: bool) -> None:
        """Raises Invalid for a URL that is no address and, outside dev, for an unencrypted one."""
        if is_clear(self.transit_address.url) and not dev:
            raise Invalid(
                f"{self.transit_url} is not https, so who reads along learns the keys of recordings.",
                "Set PROCTORING_TRANSIT_URL to the https address of the key service.",
            )

    def transit_login(self, power: KeyPower, data: Path) -> Path:
        """The file with the power's login: the one that is set, else the one that `proctoring init`
        writes."""
        named: Path | None = getattr(self, f"transit_{power.value}_login_file")
        return named or data / LOGIN_FOLDER / f"{power.value}.login"
