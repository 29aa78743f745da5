"""Settings of the media port: addresses, ports, capture processes, and ICE servers for publishers."""

from ipaddress import ip_address

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings

from proctoring.errors import Invalid
from proctoring.settings.address import PORT_MAX


class IceServerSetting(BaseModel):
    """A STUN or TURN server handed to publishers (RFC 9725, section 4.6)."""

    url: str
    region: str = ""
    username: str | None = None
    credential: str | None = None


class MediaSettings(BaseSettings):
    """Part of `Settings`."""

    ice_servers: tuple[IceServerSetting, ...] = ()
    media_addresses: tuple[str, ...] = ()
    media_port: int = Field(default=0, ge=0, le=PORT_MAX)
    capture_processes: int = Field(default=1, ge=1)

    def check_media_addresses(self) -> None:
        """Raises Invalid for a string that is no address."""
        for address in self.media_addresses:
            try:
                ip_address(address)
            except ValueError as error:
                raise Invalid(
                    f"PROCTORING_MEDIA_ADDRESSES: {address} is no IP address.", 'Write ["192.0.2.10"].'
                ) from error

    def check_media_ports(self) -> None:
        """Raises Invalid when there are more capture processes than ports from the first one up."""
        if self.media_port + self.capture_processes - 1 > PORT_MAX:
            raise Invalid(
                f"{self.capture_processes} capture processes need as many UDP ports from "
                f"{self.media_port} on; the last there is is {PORT_MAX}.",
                "Correct PROCTORING_MEDIA_PORT or PROCTORING_CAPTURE_PROCESSES.",
            )
