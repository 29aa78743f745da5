"""Settings of a test."""

from typing import Any

from proctoring.settings.settings import Settings


def plain_settings(**values: Any) -> Settings:
    """These values, the defaults for the rest; no `.env` of whoever runs the tests is read."""
    unread: dict[str, Any] = {"_env_file": None}
    return Settings(**unread, **values)
