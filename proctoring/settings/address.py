"""Settings of the service's own address and of the proxies in front of it."""

from ipaddress import ip_network
from urllib.parse import urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings

from proctoring.errors import Invalid

PORT_MAX = 65535
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class AddressSettings(BaseSettings):
    """Part of `Settings`."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=PORT_MAX)
    public_url: str = ""
    proxies: tuple[str, ...] = ()

    @property
    def base_url(self) -> str:
        """The address people use, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_public(self) -> bool:
        """Whether people reach it from other machines."""
        return (urlsplit(self.base_url).hostname or "") not in LOOPBACK_HOSTS

    def check_proxies(self) -> None:
        """Raises Invalid for a proxy that is no address and no network."""
        for given in self.proxies:
            try:
                ip_network(given)
            except ValueError as error:
                raise Invalid(
                    f"PROCTORING_PROXIES: {given!r} is no address and no network.",
                    'Write it as JSON, such as ["192.0.2.7", "198.51.100.0/24"].',
                ) from error

    def check_address(self, *, dev: bool) -> None:
        """Raises Invalid for a public address in clear, outside dev."""
        if not self.https and self.is_public and not dev:
            raise Invalid(
                f"{self.base_url} is not https, so recordings and links would travel in clear.",
                "Set PROCTORING_PUBLIC_URL to the https address, or PROCTORING_ENV=dev to try things out.",
            )


def is_clear(url: str) -> bool:
    """Whether others on the network can read what is sent to this address."""
    return not url.startswith("https://") and (urlsplit(url).hostname or "") not in LOOPBACK_HOSTS
