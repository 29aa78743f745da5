"""The lock files: which Python each is for, and one choice of versions in all of them."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
IMAGE = re.findall(r"^FROM python:(\d\.\d+)-", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
PINNED = re.compile(r"^([a-z0-9.-]+==[^\\\n]+?) ?\\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)


def holds(one: Requirement, python: str) -> bool:
    """Whether a line is meant for this Python, on Linux."""
    here = {"python_version": python, "python_full_version": f"{python}.99", "sys_platform": "linux"}
    return one.marker is None or one.marker.evaluate(here)


def locked(name: str, python: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of each package that a lock file gives to this Python."""
    choices = {}
    for line, hashes in PINNED.findall((ROOT / name).read_text()):
        one = Requirement(line)
        if holds(one, python):
            assert one.name not in choices
            choices[one.name] = (str(one.specifier)[2:], frozenset(hashes.split()) - {"\\"})
    return choices


def pythons() -> list[str]:
    """Those that the classifiers name, oldest first."""
    return [one.rpartition(" ")[2] for one in PROJECT["project"]["classifiers"]]


def test_the_pythons_that_we_run_on_are_named_alike() -> None:
    """The classifiers are all that may install it; ruff reads the oldest, the image has the newest."""
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    assert pythons() == [f"3.{minor}" for minor in range(30) if f"3.{minor}" in allowed]
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{pythons()[0].replace('.', '')}"
    assert pythons()[-1:] * 2 == IMAGE


def test_each_python_gets_what_the_project_asks_for() -> None:
    """Every requirement of pyproject.toml that is meant for it, in a version that it allows."""
    project = PROJECT["project"]
    asked = [Requirement(one) for one in project["dependencies"] + project["optional-dependencies"]["dev"]]
    for python in pythons():
        given = locked("requirements-dev.lock", python)
        for one in asked:
            assert not holds(one, python) or given[canonicalize_name(one.name)][0] in one.specifier, one


def test_the_image_has_what_a_clone_has() -> None:
    """Each package of the image's lock files is, with its hashes, what a clone with its Python gets."""
    clone = locked("requirements-dev.lock", IMAGE[0])
    for name in ("requirements.lock", "requirements-build.lock", "requirements-sbom.lock"):
        image = locked(name, IMAGE[0])
        assert len(image) == (ROOT / name).read_text().count("==")
        assert image.items() <= clone.items()
