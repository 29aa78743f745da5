"""Data folders of any name, and those that cannot be: every command works there, or says why not.

Nothing is made beside the folder."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from proctoring.cli import main
from proctoring.settings.settings import Settings

NAMES = [
    "exam?2",
    "50%25 retake",
    "a#b&c=d",
    'it\'s a "b"',
    "Prüfung\u202f+ 試験",
    "%(here)s",
    "a\\b",
    "x" * 255,
    "a\nb",
]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, in a folder of the test's own. A traceback fails the test."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCTORING_{name.upper()}", raising=False)

    def go(*arguments: str | bytes, **environment: str) -> Done:
        given = [a.decode(errors="surrogateescape") if isinstance(a, bytes) else a for a in arguments]
        done = CliRunner().invoke(main, given, env=environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return go


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_works(run: Run, tmp_path: Path, name: str) -> None:
    """Made, used and found in order, by way of a trailing slash too; nothing is beside it."""
    data = str(tmp_path / name)
    assert run("init", "--data", data).code == 0
    for arguments in (
        ("exam", "create", "--title", "T", "--objection-days", "1"),
        ("exam", "list"),
        ("doctor",),
    ):
        done = run(*arguments, "--data", data + "/")
        assert done.code == 0, done.out + done.err
    assert (tmp_path / name / "proctoring.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_link_to_a_folder_is_that_folder(run: Run, tmp_path: Path) -> None:
    """What was made by the one name is found by the other."""
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    (tmp_path / "real").mkdir()
    assert run("init", "--data", "link").code == 0
    assert json.loads(run("exam", "list", "--data", "real", "--json").out) == {"exams": []}


@pytest.mark.parametrize("command", [("init",), ("exam", "list"), ("doctor",), ("serve", "--port", "1")])
@pytest.mark.parametrize("where", ["y" * 256, "a-file", "a-file/below", "/proc/1/no/where"])
def test_a_folder_that_cannot_be_is_told(
    run: Run, tmp_path: Path, command: tuple[str, ...], where: str
) -> None:
    """One sentence and what to do, exit 1, no traceback."""
    (tmp_path / "a-file").write_text("")
    done = run(*command, "--data", where)
    assert done.code == 1
    assert (done.out + done.err).strip()
    assert [path.name for path in tmp_path.iterdir()] == ["a-file"]


def test_an_empty_name_is_not_the_folder_one_is_in(run: Run, tmp_path: Path) -> None:
    """`--data "$UNSET"` makes nothing here."""
    done = run("init", "--data", "")
    assert done.code == 2
    assert "empty" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        ("exam", "create", "--title", b"Pr\xfcfung", "--objection-days", "1"),
        ("user", "add", b"Ren\xe9", "--role", "proctor"),
        ("exam", "list", "--data", b"Pr\xfcfung"),
        (b"ex\xe4m", "list"),
    ],
)
def test_bytes_that_are_no_text_are_refused(
    run: Run, tmp_path: Path, arguments: tuple[str | bytes, ...], as_json: bool
) -> None:
    """Exit 2, the argument named, what to do; as JSON where that was asked for; nothing is made."""
    done = run(*arguments, *(["--json"] if as_json else []))
    assert done.code == 2
    assert done.out == ""
    said = json.loads(done.err) if as_json else {"detail": done.err, "remedy": done.err}
    assert "not valid UTF-8" in said["detail"]
    assert "UTF-8" in said["remedy"]
    assert not list(tmp_path.iterdir())


def test_a_terminal_without_utf_8_is_answered(run: Run, tmp_path: Path) -> None:
    """What it cannot show is escaped, in JSON as JSON does; the command does not fail over it."""
    title = "בחינה é"
    run("init", "--data", "data")
    assert run("exam", "create", "--title", title, "--objection-days", "1", "--data", "data").code == 0
    command = [sys.executable, "-m", "proctoring", "exam", "list", "--data", "data"]
    for more in ([], ["--json"]):
        done = subprocess.run(
            [*command, *more],
            cwd=tmp_path,
            env={"PYTHONIOENCODING": "latin-1"},
            capture_output=True,
            check=True,
        )
    assert json.loads(done.stdout.decode("ascii"))["exams"][0]["title"] == title


def test_a_setting_that_is_no_text_is_refused(run: Run) -> None:
    """A name in Windows-1252, or on two lines, in the environment: the setting is named."""
    for value in (b"Pr\xfcfungsamt".decode(errors="surrogateescape"), "two\nlines"):
        done = run("init", "--data", "data", PROCTORING_CONTROLLER_NAME=value)
        assert done.code == 1
        assert "PROCTORING_CONTROLLER_NAME" in done.err
