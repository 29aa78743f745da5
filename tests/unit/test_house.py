"""The house's own rules: sizes of rooms, and deployment files that say what the code does."""

import re
from pathlib import Path

import click
import pytest
import yaml

from proctoring.cli import main
from proctoring.settings import Settings

ROOT = Path(__file__).parents[2]
LINES_MAX = 500
SOURCES = ("*.py", "*.js", "*.css", "*.html")
ROOMS = ("proctoring", "capture", "storage", "review_ui", "retention", "tests")


def files() -> list[Path]:
    return [file for room in ROOMS for kind in SOURCES for file in (ROOT / room).rglob(kind)]


def test_no_file_is_longer_than_a_room_may_be() -> None:
    """No source file reaches 500 lines."""
    assert files()
    long = {
        str(file.relative_to(ROOT)) for file in files() if len(file.read_text().splitlines()) >= LINES_MAX
    }
    assert long == set()


@pytest.fixture
def compose() -> dict[str, dict[str, dict[str, object]]]:
    loaded: dict[str, dict[str, dict[str, object]]] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text()
    )
    return loaded


def test_compose_starts_commands_that_exist(compose: dict[str, dict[str, dict[str, object]]]) -> None:
    """Every command of our own image is a subcommand, with options that it has."""
    ours = [service for service in compose["services"].values() if "build" in service]
    assert ours
    for service in ours:
        name, *arguments = service["command"]  # type: ignore[misc]
        command = main.commands[name]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in arguments if word.startswith("--")} <= known
        assert isinstance(command, click.Command)


def test_compose_opens_no_needless_port_and_keeps_no_secret(
    compose: dict[str, dict[str, dict[str, object]]],
) -> None:
    """Nothing is published by Docker, every container drops its privileges, and no value is a secret."""
    for service in compose["services"].values():
        assert "ports" not in service
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "environment" not in service


def test_compose_names_only_settings_that_exist() -> None:
    """PROCTORING_* in the deployment files are settings of ours."""
    named = set()
    for name in ("docker-compose.yml", "Dockerfile"):
        named |= set(re.findall(r"PROCTORING_([A-Z_]+)", (ROOT / name).read_text()))
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_image_holds_every_package() -> None:
    """The Dockerfile copies each package that the project file installs."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for room in ROOMS[:-1]:
        assert f"COPY {room} {room}" in dockerfile
