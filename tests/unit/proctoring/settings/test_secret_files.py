"""Passwords that a URL leaves out come from files of the data folder."""

from pathlib import Path

import pytest

from proctoring.settings.secret_files import with_password

POSTGRES = "postgresql+psycopg://capture@database:5432/proctoring"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "capture.secret").write_text("p@ss/word\n")
    (tmp_path / "default.secret").write_text("word")
    return tmp_path


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        (POSTGRES, "postgresql+psycopg://capture:p%40ss%2Fword@database:5432/proctoring"),
        ("redis://jobs:6379/0", "redis://:word@jobs:6379/0"),
        ("redis://:mine@jobs:6379/0", "redis://:mine@jobs:6379/0"),
        ("postgresql://nobody@database/proctoring", "postgresql://nobody@database/proctoring"),
    ],
)
def test_a_password_is_filled_in_where_there_is_none(folder: Path, url: str, whole: str) -> None:
    """Of the URL's user, or of Redis's default one; one that is there stays, and no file is no password."""
    assert with_password(url, folder) == whole


def test_a_folder_beside_sqlite_changes_nothing(tmp_path: Path) -> None:
    """An address without a host is left as it is."""
    assert with_password("sqlite:////data/proctoring.db", tmp_path) == "sqlite:////data/proctoring.db"
