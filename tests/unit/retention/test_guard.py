"""Asking the ledger before destroying: whoever writes rows can stop an erasure, and never cause one.

The edits are those of `make attacks` (`tests/attacks/erasure_edits.py`), here each once.
"""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import certificates, entries, newest_certificates
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.rows import HoldRow
from proctoring.proofs import stops
from proctoring.proofs.reader import LedgerReader
from proctoring.web import health
from retention.outcome import STOPPED
from retention.plan import Fate
from tests.attacks.erasure import EPOCHS, Knows, epoch_kept, outcome, through
from tests.attacks.erasure_edits import CASES
from tests.attacks.erasure_ledger import LEGAL, rechain
from tests.attacks.erasure_scene import Case, Scene, let_go, open_incident
from tests.support.asgi import AsgiClient
from tests.support.world import World

UNITS = ("webcam", "phone", "screen", "identity")
NEWER = {"closes_at", "ended_at", "count_from", "zone", "max_days", *UNITS, *(f"{one}_key" for one in UNITS)}
OPERATOR = Actor("cli:op", "operator")
ON_BOTH = ("hold released and counter cleared", "its erasure seems to have begun", "objection period of the")
ONE_OF_EACH = [cases[number % len(cases)] for number, cases in enumerate(CASES.values())]


@pytest.mark.promise("P8")
@pytest.mark.promise("P9")
@pytest.mark.parametrize("knows", [Knows.NOTHING, Knows.PAGES], ids=lambda knows: knows.name)
@pytest.mark.parametrize("case", ONE_OF_EACH, ids=lambda case: case.name)
def test_edited_rows_destroy_nothing(case: Case, knows: Knows, tmp_path: Path) -> None:
    """Nothing of the session goes, it is told of, and the other session is erased in time; also by a worker
    that takes the job's word for what it has read."""
    assert through(case, knows, under=tmp_path) == ""


@pytest.mark.promise("P9")
@pytest.mark.parametrize("name", [name for name in CASES if any(one in name for one in ON_BOTH)])
def test_edited_rows_destroy_nothing_on_either_database(world: World, name: str) -> None:
    """A worker that has read the ledger before finds the same."""
    assert outcome(CASES[name][-1], Knows.READ, Scene(world)) == ""


@pytest.mark.parametrize("name", EPOCHS)
def test_an_epoch_that_a_key_may_need_stays(name: str, tmp_path: Path) -> None:
    """Whatever rows say of keys: what a backup holds of them can still be opened."""
    assert epoch_kept(EPOCHS[name], tmp_path)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(World(tmp_path))


def ready(world: World) -> tuple[bool, int]:
    app = FastAPI()
    app.include_router(health.routes(world.core, {"database": world.core.db.check}))
    client = AsgiClient(app)
    body = client.get("/readyz").json()
    figure = f"erasure_stopped_sessions {float(body['erasure_stopped_sessions'])}"
    assert figure in client.get("/metrics").text
    return body["ready"], body["erasure_stopped_sessions"]


def acts(scene: Scene, *actions: Action) -> list[tuple[Action, str]]:
    with scene.core.db.read() as db:
        return [(one.action, one.actor) for one in entries(db, scene.held.id) if one.action in actions]


def disputed(scene: Scene) -> None:
    """Held by an open incident, and not by the rows any more; due."""
    open_incident(scene)
    scene.due()
    let_go(scene)


def test_a_stop_is_told_once_and_ends_when_the_rows_are_put_right(scene: Scene) -> None:
    """Not ready, a figure, one entry in the ledger however often it is found; then the hold is in force."""
    disputed(scene)
    for _ in range(3):
        failures = {one.failure for one in scene.eraser.run() if one.failure}
        assert all(failure.startswith(STOPPED) for failure in failures)
    assert ready(scene.world) == (False, 1)
    assert acts(scene, Action.ERASURE_STOP) == [(Action.ERASURE_STOP, "system")]
    with scene.core.db.read() as db:
        (stop,) = stops.in_force(db)
    assert {"hold.told", "unit.active_holds"} <= set(stop.codes.split(", "))
    scene.write(update(HoldRow).values(released_at=None), scene.units_are(active_holds=1))
    scene.eraser.run()
    assert ready(scene.world) == (True, 0)
    assert scene.kept()
    assert len(acts(scene, Action.ERASURE_STOP, Action.ERASURE_RESUME)) == 2


def test_what_the_guard_would_stop_is_foretold(scene: Scene) -> None:
    """Before a pass finds it, and after: which units would not go and why; nothing is written by asking."""
    disputed(scene)
    for stopped_before in (False, True):
        with scene.core.db.read() as db:
            assert bool(stops.in_force(db)) is stopped_before
        foretold = scene.world.new_eraser().foretell()
        would = {one.line.session_id: one.failure or "goes" for one in foretold.outcomes}
        assert would[scene.held.id].startswith(f"{STOPPED}: ")
        assert [one.session_id for one in foretold.stops] == [scene.held.id]
        assert "hold.told" in foretold.stops[0].codes
        if not stopped_before:
            assert would[scene.free.id] == "goes"
            scene.eraser.run()
    scene.write(update(HoldRow).values(released_at=None), scene.units_are(active_holds=1))
    assert scene.eraser.foretell().stops == ()


def test_a_brake_that_is_pulled_is_foretold(scene: Scene) -> None:
    """Nothing goes that is not begun, and the line says why."""
    scene.due()
    with scene.core.db.begin() as db:
        worker_state.pull(db, scene.core, Brake(BrakeCause.CLOCKS_DISAGREE, "two clocks disagree"))
    failures = {one.failure for one in scene.eraser.foretell().outcomes if one.line.fate is Fate.GOES}
    assert failures == {"braked: two clocks disagree"}


def test_a_person_who_has_looked_erases_all_the_same(scene: Scene) -> None:
    """By name of the session only; the ledger names the account, the certificate says that a person did."""
    disputed(scene)
    scene.eraser.run()
    scene.world.new_eraser().run(actor=OPERATOR, despite=[scene.held.id])
    assert ready(scene.world) == (True, 0)
    with scene.core.db.read() as db:
        bodies = [json.loads(row.body) for row in certificates(db, scene.held.id)]
        others = [json.loads(row.body) for row in certificates(db, scene.free.id)]
    assert {body["confirmed"] for body in bodies} == {"person"}
    assert {body["confirmed"] for body in others} == {"ledger"}
    assert (Action.ERASURE_RESUME, "cli:op") in acts(scene, Action.ERASURE_RESUME)


def test_what_an_older_ledger_does_not_tell_is_erased_in_time_and_said(scene: Scene) -> None:
    """Entries without the figures that due dates follow from: by the rows alone, as the certificate says."""
    with scene.core.db.begin() as db:
        for row in db.scalars(select(EntryRow)):
            row.detail = {name: value for name, value in row.detail.items() if name not in NEWER}
        rechain(db, 1)
    LEGAL(scene)
    scene.due()
    scene.eraser.run()
    with scene.core.db.read() as db:
        bodies = [json.loads(row.body) for row in newest_certificates(db).rows]
    assert {(body["session"], body["confirmed"]) for body in bodies} == {(scene.free.id, "rows")}
    assert scene.kept()  # a hold was told by every ledger
    assert not scene.told()


def test_reading_a_session_again_reads_no_other(scene: Scene) -> None:
    """Once followed, what is asked of a session costs its own entries, and finds each change of them."""
    reader = LedgerReader(scene.world.signer.public)
    with scene.core.db.read() as db:
        reader.follow(db)
    scene.write(update(EntryRow).where(EntryRow.session_id == scene.free.id).values(actor="x"))
    with scene.core.db.read() as db:
        reader.follow(db)
        assert reader.about(db, scene.held.id).session
        with pytest.raises(Exception, match="not those that were written"):
            reader.about(db, scene.free.id)


def test_the_ledger_is_read_anew_where_it_is_another(scene: Scene) -> None:
    """After a restore under a running worker; what was read before counts no more."""
    reader = LedgerReader(scene.world.signer.public)
    with scene.core.db.read() as db:
        reader.follow(db)
        size = reader.size
    scene.write(update(EntryRow).where(EntryRow.number == size).values(hash="0" * 64))
    with scene.core.db.read() as db:
        reader.follow(db)
    assert (reader.first_broken, reader.broken_through) == (size, size)
