"""Fixtures and set-up of the whole suite."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.support import compiled, postgres
from tests.support.examples import LONG_FORM
from tests.support.minio import MinioServer
from tests.support.openbao import OpenBaoServer
from tests.support.promises import Promises
from tests.support.world import World


@pytest.fixture(autouse=True)
def logs_as_a_test_finds_them() -> None:
    """A command that an earlier test called in this process has set up logging for itself."""
    structlog.reset_defaults()


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A core and vault of the test's own, on each database."""
    if request.param == "sqlite":
        made = World(tmp_path)
        yield made
        made.core.db.close()
        return
    url = postgres.server().fresh()
    made = World(tmp_path, database_url=url)
    yield made
    made.core.db.close()
    postgres.server().drop(url)


def pytest_configure(config: pytest.Config) -> None:
    """Nobody tests binaries of yesterday's source. No property fails because the machine is slow, and each
    run takes the same examples; the long form (`support.examples`) looks for others."""
    settings.register_profile("of this run", deadline=None, derandomize=LONG_FORM not in os.environ)
    settings.load_profile("of this run")
    config.pluginmanager.register(Promises())
    if stale := compiled.stale():
        raise pytest.UsageError(f"Changed since it was compiled: {', '.join(stale)}. Run `make setup`.")


def pytest_unconfigure() -> None:
    """Nothing that the run started goes on after it."""
    postgres.stop()


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    """One MinIO server for the whole run, never stopped by a test; each test makes its own buckets."""
    server = MinioServer(tmp_path_factory.mktemp("minio") / "drive")
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBaoServer]:
    """One OpenBao server for the whole run, never stopped by a test; each test makes its own engine."""
    server = OpenBaoServer(tmp_path_factory.mktemp("openbao"))
    try:
        yield server.start()
    finally:
        server.stop()
