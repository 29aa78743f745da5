"""The database is its owner's alone, and what has to be there for good is flushed before anybody builds on
it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from proctoring.db import Database
from storage.keys.folder import KeyFolder

URL = "sqlite:///{}"


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that lets everybody in, and an account that lets everybody read what it makes."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    before = os.umask(0)
    yield folder
    os.umask(before)


@pytest.mark.promise("P13")
@pytest.mark.parametrize("there", [False, True], ids=["new", "of an earlier version"])
def test_the_database_is_its_owners_alone(open_folder: Path, there: bool) -> None:
    """With the log and index beside it, made by now or found as an earlier version left them."""
    if there:
        for name in ("proctoring.db", "proctoring.db-wal", "proctoring.db-shm"):
            (open_folder / name).touch(0o666)
    database = Database(URL.format(open_folder / "proctoring.db"))
    with database.begin() as db:
        db.execute(text("create table one (x integer)"))
        found = rights(open_folder)
    assert {"proctoring.db", "proctoring.db-wal", "proctoring.db-shm"} <= found.keys()
    assert set(found.values()) == {0o600}
    database.close()


def test_a_database_in_memory_and_one_that_cannot_be_made_stay_what_they_are(tmp_path: Path) -> None:
    """No file is made for the one, and the other is SQLite's to refuse."""
    Database("sqlite://").check()
    with pytest.raises(Exception, match="unable to open"):
        Database(URL.format(tmp_path / "nowhere" / "x.db")).check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("P13")
def test_an_epochs_halves_are_on_the_disk_before_anything_is_sealed_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both files are flushed before they have their name, and then their folders: the private half first, so
    that a power cut never leaves a public half that nobody can open for."""
    flushed: list[str] = []

    def fsync(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path).as_posix())

    monkeypatch.setattr(os, "fsync", fsync)
    KeyFolder(tmp_path).ensure_epoch(datetime(2026, 11, 23, tzinfo=UTC))
    names = [name.rsplit(".", 2)[0] if name.endswith(".part") else name for name in flushed]
    assert names == ["private/kek-2026w48.key", "private", "public/kek-2026w48.pub", "public"]
    assert rights(tmp_path / "private") == {"kek-2026w48.key": 0o600}


def test_another_connection_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """While one is open, a process that comes and goes finds the database in use, and leaves its log: what it
    wrote is read by the first."""
    url = URL.format(tmp_path / "proctoring.db")
    database = Database(url)
    with database.begin() as db:
        db.execute(text("create table one (x integer)"))
    Database(url).check()  # as another part of the same process does
    other = "from proctoring.db import Database; from sqlalchemy import text\n"
    other += (
        f"db = Database({url!r})\nwith db.begin() as one: one.execute(text('insert into one values (1)'))\n"
    )
    subprocess.run([sys.executable, "-c", other + "db.close()"], check=True)
    with database.read() as db:
        assert db.scalar(text("select count(*) from one")) == 1
    assert (tmp_path / "proctoring.db-wal").exists()
    database.close()
