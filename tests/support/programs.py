"""Programs beside Python that the tests start: on the PATH, or where tests/tools.sh keeps them."""

import os
import shutil
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / "node_modules"  # what `npm ci` brings


def program(name: str, part: str, why: str) -> str:
    """Where a program is. Skips the test where there is none; fails it when PROCTORING_TEST_REQUIRE names
    the part of the machine."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = shutil.which(name) or shutil.which(name, path=cache / "proctoring-tests" / "bin")
    if found is None:
        missing(part, why)
        raise AssertionError
    return found


def missing(part: str, why: str) -> None:
    """Skip for want of a part of the machine, or fail when PROCTORING_TEST_REQUIRE names the part."""
    if part in os.environ.get("PROCTORING_TEST_REQUIRE", "").split(","):
        pytest.fail(why)
    pytest.skip(why)
