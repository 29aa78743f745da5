"""Fixtures of the whole suite, and the list of promises that `pytest -m promise` prints."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A core and vault of the test's own."""
    made = World(tmp_path)
    yield made
    made.core.db.close()
