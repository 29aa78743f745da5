"""Settings of the time-stamp authority."""

from urllib.parse import urlsplit

from pydantic_settings import BaseSettings

from proctoring.errors import Invalid


class TsaSettings(BaseSettings):
    """Part of `Settings`; used only with PROCTORING_TSA_URL."""

    tsa_url: str = ""
    tsa_region: str = ""

    def check_tsa(self) -> None:
        """Raises Invalid for a URL that is no address."""
        url = urlsplit(self.tsa_url)
        if self.tsa_url and (url.scheme not in ("http", "https") or not url.hostname):
            raise Invalid(
                "PROCTORING_TSA_URL is no address.", "Set it to http(s)://host/path, or leave it out."
            )
