"""Options of each command that serves, and its settings."""

import logging
from pathlib import Path

import click

from proctoring import logs
from proctoring.settings import settings as configuration
from proctoring.settings.settings import Env, Settings

host_option = click.option("--host", help="Address to listen on (127.0.0.1).")
port_option = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8000).")


def load_settings(data: Path | None, host: str | None, port: int | None, **more: object) -> Settings:
    """As the command line and the environment say. Raises Invalid."""
    logs.configure(logging.INFO)
    settings = configuration.load(data=data, host=host, port=port, **more)
    if settings.env is Env.DEV:
        click.echo("PROCTORING_ENV=dev: for trying out only; insecure settings are let through.")
    return settings
