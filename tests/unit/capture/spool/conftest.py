"""A spool in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.spool.spool import Spool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = Spool(folder, disk_free_bytes_min=0)
    made.open()
    yield made
    made.close()
