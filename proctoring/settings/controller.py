"""Settings that the notice shows to candidates: the controller of their data and the authority for
complaints."""

from pydantic_settings import BaseSettings

from proctoring.errors import Invalid
from proctoring.text import line

SAID_CHARS_MAX = 500


class ControllerSettings(BaseSettings):
    """Part of `Settings`."""

    controller_name: str = "Examination body"
    controller_address: str = ""
    controller_email: str = "privacy@exam.example"
    controller_phone: str = ""
    authority_name: str = "Data Protection Authority"
    authority_url: str = "https://www.dataprotectionauthority.be/"

    def check_words(self) -> None:
        """Raises Invalid for words of the notice that are not one line."""
        for name in ControllerSettings.model_fields:
            if value := getattr(self, name):
                line(value, f"PROCTORING_{name.upper()}", SAID_CHARS_MAX)

    def check_controller(self) -> None:
        """Raises Invalid while the notice would show the example's address to candidates."""
        if self.controller_email == ControllerSettings.model_fields["controller_email"].default:
            raise Invalid(
                "Candidates would be told to write to an address that is not yours.",
                "Set PROCTORING_CONTROLLER_EMAIL to the one that answers them.",
            )
