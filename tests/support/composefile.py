"""docker-compose.yml as an engine reads it, as far as we use it: variables, services, what is mounted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parents[2] / "docker-compose.yml"
_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Mount:
    """`source` is a path beside the file, a text to write, or None for an empty folder."""

    target: str
    source: Path | str | None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One service with everything in its place."""

    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    mounts: list[Mount]
    ports: list[int]
    waits_for: dict[str, str]
    healthcheck: list[str] | None
    raw: dict[str, Any] = field(repr=False)


def read(variables: Mapping[str, str]) -> dict[str, ServiceSpec]:
    """Every service by its name. Raises KeyError for a required variable that is not given."""
    whole = _filled(yaml.safe_load(FILE.read_text()), variables)
    return {name: _service(name, raw, whole, variables) for name, raw in whole["services"].items()}


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    return _VARIABLE.sub(lambda m: _value(m, variables), value) if isinstance(value, str) else value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    if found["kind"] == "-":
        return variables.get(found["name"]) or found["word"]
    return variables[found["name"]]


def _service(name: str, raw: dict[str, Any], whole: dict[str, Any], env: Mapping[str, str]) -> ServiceSpec:
    test = (raw.get("healthcheck") or {}).get("test")
    if test and test[0] == "CMD-SHELL":
        test = ["CMD", "sh", "-c", test[1]]
    from_file = dict(env) if "env_file" in raw else {}
    return ServiceSpec(
        name,
        raw["image"],
        raw["command"],
        from_file | {key: str(value) for key, value in raw.get("environment", {}).items()},
        list(_mounts(raw, whole)),
        [int(port) for port in raw.get("expose", [])] + list(_published(raw)),
        {one: how["condition"] for one, how in raw.get("depends_on", {}).items()},
        test[1:] if test else None,
        raw,
    )


def _mounts(raw: dict[str, Any], whole: dict[str, Any]) -> list[Mount]:
    found = []
    for volume in raw.get("volumes", []):
        source, target = volume.split(":")[:2]
        found.append(Mount(target, Path(source)))
    for one in raw.get("secrets", []):
        secret = {"source": one} if isinstance(one, str) else one
        target = secret.get("target", f"/run/secrets/{secret['source']}")
        found.append(Mount(target, Path(whole["secrets"][secret["source"]]["file"])))
    for config in raw.get("configs", []):
        found.append(Mount(config["target"], str(whole["configs"][config["source"]]["content"])))
    return found + [Mount(folder.split(":")[0], None) for folder in raw.get("tmpfs", [])]


def _published(raw: dict[str, Any]) -> Iterator[int]:
    """The container's side of every single port; ranges stay as they are."""
    for port in raw.get("ports", []):
        inner = port.split("/")[0].split(":")[-1]
        if "-" not in inner:
            yield int(inner)
