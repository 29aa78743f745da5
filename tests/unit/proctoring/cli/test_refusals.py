"""Every command says in words what is the matter: over any data folder, setting or command line."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from proctoring.cli import main
from proctoring.cli.faults import DISK_FULL, told
from proctoring.compose.prepare import prepare
from proctoring.settings.settings import Settings
from tests.support.settings import plain_settings

NEEDS: dict[str, tuple[str, ...]] = {
    "export": ("SESSION", "--out", "out"),
    "exam create": ("--title", "T", "--objection-days", "14"),
    "exam publish-results": ("ID",),
    "session create": ("--exam", "ID", "--candidate", "C-1"),
    "session show": ("ID",),
    "session finish": ("ID",),
    "hold add": ("SESSION", "--kind", "legal", "--reason", "r"),
    "hold release": ("HOLD",),
    "user add": ("NAME", "--role", "proctor"),
    "user link": ("NAME",),
    "quarantine lift": ("--reason", "r"),
}
"""What a command cannot do without."""
WITHOUT_A_SERVICE = {"verify"}  # a package is enough
BESIDE_REDIS = {"worker", "beat"}  # which are refused for want of it before


def commands(group: click.Group = main, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*above, name))
        else:
            yield (*above, name)


ALL = [words for words in commands() if words[0] not in WITHOUT_A_SERVICE | BESIDE_REDIS]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def refusal(self) -> dict[str, Any]:
        """What went to standard error, as JSON."""
        answer: dict[str, Any] = json.loads(self.err)
        return answer


Run = Callable[..., Said]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCTORING_{name.upper()}", raising=False)

    def go(*arguments: str, **environment: str) -> Said:
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return Said(done.exit_code, done.stdout, done.stderr)

    return go


def _file(data: Path) -> None:
    data.write_text("a letter")


def _foreign(data: Path) -> None:
    data.mkdir()
    (data / "letter.txt").write_text("a letter")


def _no_database(data: Path) -> None:
    prepare(plain_settings(data=data))
    for file in data.glob("proctoring.db*"):
        file.unlink()
    (data / "proctoring.db").write_text("this is no database at all, whatever its name says")


def _newer(data: Path) -> None:
    prepare(plain_settings(data=data))
    _write(data, "update alembic_version set version_num = '9999'")


def _anothers(data: Path) -> None:
    prepare(plain_settings(data=data))
    for file in data.glob("proctoring.db*"):
        file.unlink()
    _write(data, "create table recipes (name text)")


def _write(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "proctoring.db", isolation_level=None)) as database:
        database.execute(statement)


@pytest.mark.parametrize("make", [_file, _foreign, _no_database, _newer, _anothers])
def test_no_command_goes_on_over_a_folder_that_is_not_its_own(
    run: Run, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """A file, another's folder, no database, one of a newer version, one of another program: exit 1, what is
    the matter and what to do; nothing in it is written over."""
    data = tmp_path / "data"
    make(data)
    before = _contents(data)
    for words in ALL:
        said = run(
            *words, *NEEDS.get(" ".join(words), ()), "--data", str(data), "--json", PROCTORING_PORT="1"
        )
        assert said.code == 1, (words, said)
        assert said.err or words == ("doctor",), (words, said)
        told_in = said.refusal if words != ("doctor",) else json.loads(said.out)
        assert told_in.get("remedy") or told_in["faults"], words
        assert _contents(data) == before, words


def _contents(data: Path) -> dict[str, bytes]:
    if data.is_file():
        return {"": data.read_bytes()}
    ignored = ("-wal", "-shm")
    found = [path for path in data.rglob("*") if path.is_file() and not path.name.endswith(ignored)]
    return {str(path.relative_to(data)): path.read_bytes() for path in found}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ICE_SERVERS", "no json"),
        ("ICE_SERVERS", '[{"region": "BE"}]'),
        ("DATABASE_URL", "garbage"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgresql://host/name"),
        ("REDIS_URL", "garbage"),
        ("MEDIA_ADDRESSES", '["example"]'),
        ("MEDIA_PORT", "70000"),
        ("PORT", "http"),
        ("STORE", "tape"),
        ("TURN_URLS", "turn:host"),
        ("TSA_URL", "stamps"),
    ],
)
def test_a_setting_that_cannot_be_is_named(run: Run, setting: str, value: str) -> None:
    """By every way into the service: exit 1, the setting's name, and nothing made."""
    for words in (("init",), ("serve",), ("exam", "list"), ("capture",)):
        said = run(*words, "--data", "data", "--json", **{f"PROCTORING_{setting}": value})
        assert said.code == 1
        assert f"PROCTORING_{setting}" in said.refusal["detail"]
        assert not Path("data").exists()


def test_an_env_file_that_is_no_text_is_told(run: Run) -> None:
    """As an editor of another age may have left it."""
    Path(".env").write_bytes("PROCTORING_CONTROLLER_NAME=Prüfungsamt".encode("latin-1"))
    said = run("init", "--json")
    assert (said.code, ".env" in said.refusal["detail"]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("exm", "list"), "Did you mean 'exam'?"),
        (("sesion", "show", "ID"), "Did you mean 'session'?"),
        (("exam", "creat"), "Did you mean 'create'?"),
        (("exam", "list", "--dta", "x"), "Did you mean '--data'?"),
        (("exam", "create"), "--title"),
        (("user", "add", "N", "--role", "king"), "auditor"),
        (("purge", "--at", "tomorrow"), "--at"),
        (("session", "show"), "ID"),
        (("hold", "list", "too", "much"), "too much"),
    ],
)
def test_a_command_line_that_is_not_understood(run: Run, arguments: tuple[str, ...], names: str) -> None:
    """Exit 2, with what was meant where that can be guessed; as JSON where that was asked for."""
    plain, as_json = run(*arguments), run(*arguments, "--json")
    assert (plain.code, as_json.code) == (2, 2)
    assert names in plain.err
    assert names in as_json.refusal["detail"]
    assert "--help" in as_json.refusal["remedy"]
    assert as_json.out == ""


def test_evidence_is_not_erased_as_of_a_later_day(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only seen, or erased where the service is for trying out."""
    run("init")
    at = ("purge", "--at", "2099-01-01T00:00:00Z")
    said = run(*at, "--json")
    assert (said.code, "2099" in said.refusal["detail"]) == (1, True)
    assert "--dry-run" in said.refusal["remedy"]
    assert run(*at, "--dry-run").code == 0
    assert run("purge", "--at", "2026-01-01T00:00:00Z").code == 0
    monkeypatch.setenv("PROCTORING_ENV", "dev")
    assert run(*at).code == 0


@pytest.mark.parametrize("kind", ["nowhere", "file", "empty"])
def test_verify_says_that_there_is_nothing(run: Run, tmp_path: Path, kind: str) -> None:
    """Neither is a package that fails: there is none."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    said = run("verify", kind, "--json")
    assert said.code == 1
    assert kind in said.refusal["detail"]
    assert "proctoring export" in said.refusal["remedy"]


def test_a_sign_in_link_is_made_for_whom_the_list_names(run: Run) -> None:
    """By name, by id, by the whole line, right-to-left names too; a name that is close is suggested."""
    run("init")
    for name in ("M. Claes", "דנה לוי"):
        assert run("user", "add", name, "--role", "proctor").code == 0
    lines = run("user", "list").out.splitlines()
    people = json.loads(run("user", "list", "--json").out)["users"]
    for line in lines:
        assert run("user", "link", line).code == 0
    for one in people:
        assert run("user", "link", one["name"]).code == 0
        assert json.loads(run("user", "link", one["user_id"], "--json").out)["name"] == one["name"]
    assert run("user", "link", "M.", "Claes").code == 0
    assert "M. Claes" in run("user", "link", "M. Clas", "--json").refusal["remedy"]
    assert "user list" in run("user", "link", "nobody", "--json").refusal["remedy"]


def test_a_full_disk_is_told_as_one() -> None:
    """Room is what is missing, not a right."""
    assert told(OSError(28, "No space left on device", "data/x")).remedy == DISK_FULL


def test_what_nobody_foresaw_leaves_a_trace_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And none on the terminal."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said = told(ZeroDivisionError("by what the command was given"))
    (trace,) = tmp_path.iterdir()
    assert trace.name in said.remedy
    assert "by what" not in said.detail + said.remedy
    assert "by what" in trace.read_text()
