"""An SQLite file as another program opens it; closed at the end, as `with sqlite3.connect(...)` does not."""

import sqlite3
from contextlib import closing
from pathlib import Path


def copy(source: Path, to: Path) -> None:
    """The whole database of one file, into another."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(to)) as other:
        one.backup(other)
