"""`proctoring purge --dry-run`: sessions that the ledger stops, with the reason and what to do."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from proctoring.cli import main
from proctoring.clock import iso
from proctoring.compose.prepare import prepare
from tests.attacks.erasure_scene import Scene, let_go, open_incident
from tests.support.settings import plain_settings
from tests.support.world import World


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A held session that looks free and due beside one that is, in the database of a service."""
    prepare(plain_settings(data=tmp_path / "data"))
    one = Scene(World(tmp_path))
    open_incident(one)
    one.due()
    let_go(one)
    one.world.clock.move(days=1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROCTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'world.db'}")
    return one


@pytest.mark.parametrize("stopped_before", [False, True])
def test_a_dry_run_says_which_session_is_stopped_why_and_what_to_do(
    scene: Scene, stopped_before: bool
) -> None:
    """Whether a pass has stopped it or the next one would; the other session would go. Exit 0: nothing went
    wrong."""
    if stopped_before:
        scene.eraser.run()
    at = ("purge", "--dry-run", "--at", iso(scene.world.clock()))
    plain, as_json = CliRunner().invoke(main, at), CliRunner().invoke(main, [*at, "--json"])
    assert (plain.exit_code, as_json.exit_code) == (0, 0)
    told = json.loads(as_json.stdout)
    assert [stop["session_id"] for stop in told["stopped"]] == [scene.held.id]
    failures = {unit["session_id"]: unit["failure"] for unit in told["units"] if unit["fate"] == "goes"}
    assert failures.pop(scene.held.id).startswith("stopped: the ledger tells of incident hold")
    assert set(failures.values()) <= {None}
    lines = plain.stdout.splitlines()
    assert any(line.startswith(f"stop   {scene.held.id}") and "incident hold" in line for line in lines)
    assert "`purge --despite SESSION`" in lines[-1]
    told_lines = {line.split()[1] for line in lines if " record " in line}
    assert told_lines == {one["session_id"] for one in told["written"]} == {scene.held.id, scene.free.id}
    units = len([unit for unit in told["units"] if unit["session_id"] == scene.free.id])
    assert f"{units} would go, " in lines[-2]
