"""After the erasure: what is found again goes again, what was never acknowledged goes, all of it is told."""

import json
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from proctoring.clock import iso
from proctoring.custody.model import Action
from proctoring.custody.service import entries, newest_certificates
from proctoring.holds import service as holds
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.holds.model import HoldKind
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from proctoring.web import health
from proctoring.web.seldom import COUNTED_EVERY
from retention.rules import Rules
from storage.objects.naming import segment_key, unit_prefix
from tests.support.asgi import AsgiClient
from tests.support.world import ADMIN, World

DAY = timedelta(days=1)


SOME_TAKE = "a" * 16  # whatever its take was: of an erased unit no row tells it


def erase_all(world: World) -> list[UnitRow]:
    with world.core.db.read() as db:
        world.clock.now = max(db.scalars(select(UnitRow.due_at)))
    assert all(outcome.certificate_id for outcome in world.eraser.run())
    with world.core.db.read() as db:
        return list(db.scalars(select(UnitRow).order_by(UnitRow.id)))


def found(world: World, action: Action) -> list[str | None]:
    with world.core.db.read() as db:
        return [entry.unit_id for entry in entries(db) if entry.action is action]


def metric(world: World, name: str) -> float:
    app = FastAPI()
    app.include_router(health.routes(world.core, {}))
    lines = AsgiClient(app).get("/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.split()[0] == name))


def ready(world: World) -> bool:
    app = FastAPI()
    app.include_router(health.routes(world.core, {"database": world.core.db.check}))
    answer = AsgiClient(app).get("/readyz")
    assert answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code == 200


@pytest.mark.promise("P7")
def test_what_comes_back_after_its_erasure_is_found_within_a_day_and_goes(
    world: World, ended: Session
) -> None:
    """Daily up to the backup horizon: deleted, entered in the ledger, counted; the certificate stays one."""
    unit = erase_all(world)[0]
    back = segment_key(unit.id, SOME_TAKE, 0)
    world.objects.put(back, b"from a backup")
    world.clock.move(hours=23)
    world.eraser.run()
    assert list(world.objects.versions(unit_prefix(unit.id)))
    world.clock.move(hours=1)
    world.eraser.run()
    assert list(world.objects.versions(unit_prefix(unit.id))) == []
    assert found(world, Action.AUDIT_FINDING) == [unit.id]
    assert metric(world, "audit_findings_total") == 1
    with world.core.db.read() as db:
        assert len(newest_certificates(db).rows) == 3


def test_the_audit_ends_with_the_backup_horizon_that_the_certificate_names(
    world: World, ended: Session
) -> None:
    """From then on no copy can come back, and nothing is listed any more."""
    unit = erase_all(world)[0]
    with world.core.db.read() as db:
        bodies = [json.loads(row.body) for row in newest_certificates(db).rows]
    assert unit.erased_at is not None
    gone_by = iso(unit.erased_at + Rules().backup_horizon)
    assert all(body["backups"] == {"horizon_days": 35, "gone_by": gone_by} for body in bodies)
    world.clock.now = unit.erased_at + Rules().backup_horizon
    world.objects.put(segment_key(unit.id, SOME_TAKE, 0), b"too late to matter")
    world.eraser.run()
    assert found(world, Action.AUDIT_FINDING) == []


def test_an_object_without_a_leaf_goes_after_a_day_and_no_other(world: World) -> None:
    """Stored, but its process died before the leaf: it was never safe. Held evidence stays whole."""
    session = world.admitted()
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    world.objects.put(segment_key(begun.take.unit_id, begun.take.id, 1), b"never acknowledged")
    world.end(begun)

    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
        holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="court order")
    prefix = unit_prefix(begun.take.unit_id)
    world.clock.move(hours=23, minutes=59)
    world.eraser.run()
    assert len(list(world.objects.versions(prefix))) == 2
    world.clock.move(minutes=1)
    world.eraser.run()
    left = [version.key for version in world.objects.versions(prefix)]
    assert left == [segment_key(begun.take.unit_id, begun.take.id, 0)]
    assert found(world, Action.ORPHANS_REMOVE) == [begun.take.unit_id]
    assert metric(world, "orphans_removed_total") == 1


def test_a_recording_under_way_is_not_swept(world: World) -> None:
    """However long it lasts: the leaf of its last object may be on its way."""
    begun = world.begin(world.admitted())
    world.objects.put(segment_key(begun.take.unit_id, begun.take.id, 0), b"on its way")
    world.clock.move(hours=100)
    world.eraser.run()
    assert list(world.objects.versions(unit_prefix(begun.take.unit_id)))


def test_the_metrics_and_readiness_tell_of_late_and_braked_erasure(world: World, ended: Session) -> None:
    """Overdue by more than the limit, or a brake that waits for a person: not ready, and figures say why."""
    assert ready(world)
    assert metric(world, 'evidence_units{state="retained"}') == 3
    with world.core.db.begin() as db:
        brake = worker_state.pull(db, world.core, Brake(BrakeCause.CLOCK_JUMPED, "test"))
    assert brake.id
    assert not ready(world)
    assert metric(world, "erasure_braked") == 1
    with world.core.db.begin() as db:
        worker_state.release_all(db, world.core, ADMIN)
    assert ready(world)
    with world.core.db.read() as db:
        world.clock.now = max(db.scalars(select(UnitRow.due_at))) + timedelta(seconds=health.OVERDUE_S_MAX)
    assert ready(world)
    world.clock.move(seconds=1)
    assert not ready(world)
    assert metric(world, "oldest_overdue_seconds") == health.OVERDUE_S_MAX + 1
    world.eraser.run()
    assert ready(world)
    world.clock.move(seconds=COUNTED_EVERY.total_seconds())
    assert metric(world, 'evidence_units{state="erased"}') == 3
