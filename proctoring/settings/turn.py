"""Settings of our own TURN relays; publishers get time-limited credentials for them."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from proctoring.errors import Invalid
from proctoring.settings.secret_files import secret

SECRET_FILE = Path("keys") / "turn" / "turn.secret"


class TurnSettings(BaseSettings):
    """Part of `Settings`; used only with PROCTORING_TURN_URLS."""

    turn_urls: tuple[str, ...] = ()
    turn_secret: SecretStr = SecretStr("")
    turn_secret_file: Path | None = None
    turn_region: str = ""

    def turn_shared_secret(self, data: Path) -> str:
        """The secret shared with the relays (`static-auth-secret`). Empty in a process without it."""
        return secret("TURN_SECRET", self.turn_secret, self.turn_secret_file, data / SECRET_FILE)

    def check_turn(self) -> None:
        """Raises Invalid for a URL that is no address."""
        for url in self.turn_urls:
            if not url.startswith(("turn:", "turns:")):
                raise Invalid(
                    f"PROCTORING_TURN_URLS: {url} is no address of a relay.",
                    'Write ["turn:turn.exam.example:3478?transport=udp"].',
                )
