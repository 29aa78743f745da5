"""Connections to a database last as long as whoever uses it."""

import gc
import sqlite3
from pathlib import Path

import pytest

from proctoring.db import Database


def test_a_database_that_nobody_has_any_more_is_closed(tmp_path: Path) -> None:
    """As by `close`, though a command that ends, or fails, called nothing."""
    database = Database(f"sqlite:///{tmp_path / 'proctoring.db'}")
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.execute("select 1")
    del database, connection
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        driver.execute("select 1")
