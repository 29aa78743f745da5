"""The doctor: a line per part, PASS or FAIL with what to do, and only what a role needs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from proctoring.cli import main
from proctoring.cli.doctor import DoctorCheck, examine
from proctoring.compose import checks
from proctoring.compose.parts import assemble
from proctoring.compose.prepare import prepare
from proctoring.data_folder import DataFolder
from proctoring.errors import CoreError, Unavailable
from proctoring.holds import worker_state
from proctoring.settings.settings import Settings
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble
from storage.keys.folder import generate_pair, public_half
from tests.support.settings import plain_settings


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCTORING_{name.upper()}", raising=False)
    prepare(plain_settings(data=tmp_path / "data"))
    yield tmp_path / "data"


def doctor(data: Path, role: str = "all") -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code, and every check by its name."""
    done = CliRunner().invoke(main, ["doctor", "--data", str(data), "--role", role, "--json"])
    return done.exit_code, {check["name"]: check for check in json.loads(done.output)["checks"]}


def test_a_fresh_folder_is_healthy(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line passes, as text too; what nobody has set yet is a warning, which is no fault."""
    code, found = doctor(data)
    assert code == 0
    assert all(check["passed"] for check in found.values())
    assert {name for name, check in found.items() if check["careful"]} == {"notice", "proofs' copy"}
    assert "PROCTORING_AUTHORITY_NAME" in str(found["notice"]["detail"])
    assert "PROCTORING_CHECKPOINT_COPY" in str(found["proofs' copy"]["detail"])
    monkeypatch.setenv("PROCTORING_AUTHORITY_NAME", "Gegevensbeschermingsautoriteit")
    monkeypatch.setenv("PROCTORING_CHECKPOINT_COPY", str(data.parent / "copy"))
    text = CliRunner().invoke(main, ["doctor", "--data", str(data)]).output.splitlines()
    assert len(text) == len(found)
    assert {line.split()[0] for line in text} == {"PASS"}


@pytest.mark.promise("P15")
def test_every_place_is_told_with_its_country(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever parts there are: one that the doctor does not name could be anywhere."""
    settings = {
        "REGION": "BE",
        "DATABASE_URL": "sqlite:///" + str(data / "proctoring.db"),
        "STORE": "minio",
        "MINIO_URL": "http://127.0.0.1:1",
        "MINIO_COUNTRY": "NL",
        "REDIS_URL": "redis://127.0.0.1:1",
        "REDIS_REGION": "LU",
        "TSA_URL": "http://127.0.0.1:1/tsr",
        "TSA_REGION": "DE",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"PROCTORING_{name}", value)
    _, found = doctor(data, "review")
    assert found["regions"]["detail"] == (
        "recordings and keys BE, database this machine, object store NL, Redis LU, http://127.0.0.1:1/tsr DE"
    )


@pytest.mark.parametrize(
    ("role", "asked", "not_asked"),
    [
        (
            "capture",
            {"sealing", "media path", "object store", "database", "clocks"},
            {"opening", "signing", "last pass"},
        ),
        ("review", {"opening", "object store"}, {"signing", "sealing"}),
        ("worker", {"signing", "object store", "last pass"}, {"opening", "sealing"}),
    ],
)
def test_a_role_is_asked_what_it_needs(data: Path, role: str, asked: set[str], not_asked: set[str]) -> None:
    """And nothing of another, so that a container without the others' keys is healthy."""
    code, found = doctor(data, role)
    assert code == 0
    assert asked <= set(found)
    assert not not_asked & set(found)


def test_keys_that_do_not_belong_together_are_found(data: Path) -> None:
    """Public halves of another epoch: what capture sealed, review could never open."""
    half = next(DataFolder(data).public_keys.glob("kek-*.pub"))
    half.write_bytes(public_half(generate_pair()[0]))
    code, found = doctor(data)
    assert code == 1
    assert [name for name, check in found.items() if not check["passed"]] == ["opening"]
    assert found["opening"]["remedy"]


def test_a_missing_key_is_named_with_what_to_do(data: Path) -> None:
    """The worker without its signing key."""
    DataFolder(data).signing_key.unlink()
    code, found = doctor(data, "worker")
    assert code == 1
    assert "signing.key" in str(found["keys"]["detail"])
    assert "init" in str(found["keys"]["remedy"])


def test_a_schema_of_another_version_is_found(data: Path) -> None:
    """An old database under a new program."""
    made = assemble(plain_settings(data=data))
    with made.core.db.engine.begin() as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '0001'")
    code, found = doctor(data)
    assert (code, found["database"]["passed"]) == (1, False)


@pytest.mark.parametrize(("skew_s", "passed"), [(59, True), (-59, True), (62, False), (-62, False)])
def test_clocks_that_differ_by_more_than_a_minute_are_a_fault(data: Path, skew_s: int, passed: bool) -> None:
    """The same limit as the brake on erasure."""
    core = assemble(plain_settings(data=data)).core
    moved = replace(core, clock=lambda: core.clock() + timedelta(seconds=skew_s))
    assert examine(DoctorCheck("clocks", lambda: checks.clocks(moved), "")).passed is passed


def test_a_worker_that_does_not_go_round_is_a_fault(data: Path) -> None:
    """After five intervals, and a quarter of an hour at least, without a pass."""
    core = assemble(plain_settings(data=data)).core
    with core.db.begin() as db:
        worker_state.passed(db, core.clock(), 0)
    assert checks.last_pass(core).endswith("ago")
    later = replace(core, clock=lambda: core.clock() + timedelta(minutes=16))
    with pytest.raises(Unavailable):
        checks.last_pass(later)


def test_a_fault_says_what_to_do() -> None:
    """A part that refuses is a line, not a stack trace; its own remedy comes before the check's."""

    def refuse() -> str:
        raise CoreError("it is so", "do that")

    assert examine(DoctorCheck("part", refuse, "do this")).line() == "FAIL  part           it is so. do that"


@pytest.mark.parametrize(
    ("role", "passed"), [("all", False), ("capture", False), ("review", True), ("worker", True)]
)
def test_a_full_disk_of_capture_is_a_fault_there_and_a_warning_elsewhere(
    data: Path, role: str, passed: bool
) -> None:
    """Every role's doctor says it; a container that does its own work stays healthy."""
    core = assemble(plain_settings(data=data)).core
    with core.db.begin() as db:
        spools.tell(db, core, "spool-1", Told(Trouble.DISK_FULL, 1 << 20, 0))
    code, found = doctor(data, role)
    assert (code == 0, found["recording"]["passed"], found["recording"]["careful"]) == (
        passed,
        passed,
        passed,
    )
    assert "less free space than its reserve" in str(found["recording"]["detail"])
