"""Reports of capture processes about themselves, and who says them on: metrics, the doctor, `/readyz`."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI

from capture.errors import SpoolFull
from proctoring.compose import checks
from proctoring.core import Core
from proctoring.errors import Unavailable
from proctoring.exams.model import Stream
from proctoring.recordings import take_owners
from proctoring.spools import service as spools
from proctoring.spools.model import TOLD_FOR, Told, Trouble
from proctoring.spools.rows import SpoolRow
from proctoring.web import health
from proctoring.web.metrics import exposition
from tests.support.asgi import AsgiClient
from tests.support.world import World
from tests.unit.retention.test_garbled import garbage, write

WELL = Told(None, 9 << 30, 5_000)
FULL = Told(Trouble.DISK_FULL, 100 << 20, 7_000, memory_bytes=64 << 20, datagrams_lost=3, sounds_lost=40)


def tell(core: Core, spool_id: str, told: Told) -> None:
    with core.db.begin() as db:
        spools.tell(db, core, spool_id, told)


def figures(core: Core) -> dict[str, float]:
    """The metrics of capture, all processes together."""
    lines = [line for line in exposition(core).decode().splitlines() if line.startswith("capture_")]
    return {name: float(value) for name, value in (line.split() for line in lines)}


def test_a_trouble_counts_from_when_it_began(world: World) -> None:
    """However often it is told; another one begins anew, and what is well has none."""
    tell(world.core, "a", WELL)
    began = world.clock.now
    for _ in range(3):
        tell(world.core, "a", FULL)
        world.clock.move(seconds=15)
    with world.core.db.read() as db:
        (one,) = spools.troubles(db, world.core)
    assert (one.told, one.since) == (FULL, began)
    tell(world.core, "a", replace(FULL, trouble=Trouble.UNWRITABLE))
    with world.core.db.read() as db:
        assert [one.since for one in spools.troubles(db, world.core)] == [world.clock.now]
    tell(world.core, "a", WELL)
    with world.core.db.read() as db:
        assert spools.troubles(db, world.core) == []


def test_a_row_that_cannot_be_read_is_replaced_by_the_next_word(world: World) -> None:
    """Until then the process is as one that says nothing, and the others are heard."""
    tell(world.core, "b", WELL)
    marred = 0
    for column in SpoolRow.__table__.c:
        value = garbage("spools", column.name, world.core.db.engine.dialect.name)
        if value is None:
            continue
        tell(world.core, "a", FULL)
        write(world, "spools", column.name, value, "id = 'a'")
        with world.core.db.read() as db:
            assert [one.told for one in spools.standing(db, world.core)] == [WELL], column
        assert figures(world.core)["capture_keeps_nothing"] == 0
        tell(world.core, "a", FULL)
        with world.core.db.read() as db:
            assert [one.told for one in spools.standing(db, world.core)] == [FULL, WELL], column
        marred += 1
    assert marred > 1


def test_metrics_tell_of_all_processes_together(world: World) -> None:
    """What one that fell silent told last is not counted."""
    assert figures(world.core)["capture_keeps_nothing"] == 0
    tell(world.core, "gone", FULL)
    world.clock.move(seconds=TOLD_FOR.total_seconds())
    tell(world.core, "a", WELL)
    tell(world.core, "b", FULL)
    assert figures(world.core) == {
        "capture_keeps_nothing": 1,
        "capture_disk_free_bytes": 100 << 20,
        "capture_waiting_bytes": 12_000,
        "capture_memory_waiting_bytes": 64 << 20,
        "capture_datagrams_lost_total": 3,
        "capture_sounds_lost_total": 40,
    }


def test_a_session_is_kept_unless_its_own_spool_is_in_trouble(world: World) -> None:
    """That of a take that runs: another process's trouble is not its, nor one that was told long ago."""
    session, elsewhere = world.admitted(), world.admitted()
    begun = {one.id: world.begin(one) for one in (session, elsewhere)}
    with world.core.db.begin() as db:
        take_owners.note_spool(db, begun[session.id].take.id, "a")
        take_owners.note_spool(db, begun[elsewhere.id].take.id, "b")

    def kept() -> list[bool]:
        with world.core.db.read() as db:
            found = spools.not_kept(db, world.core, [session.id, elsewhere.id])
            return [one.id not in found for one in (session, elsewhere)]

    assert kept() == [True, True]
    tell(world.core, "a", FULL)
    tell(world.core, "b", WELL)
    assert kept() == [False, True]
    world.end(begun[session.id])
    assert kept() == [True, True]
    with world.core.db.begin() as db:
        take_owners.note_spool(db, world.begin(session, Stream.SCREEN).take.id, "a")
    assert kept() == [False, True]
    world.clock.move(seconds=TOLD_FOR.total_seconds())
    assert kept() == [True, True]


def test_the_doctor_says_which_trouble_and_since_when(world: World) -> None:
    """From the database, so that it says so in any role's place."""
    assert checks.recording(world.core).startswith("0 capture processes")
    tell(world.core, "a", WELL)
    assert checks.recording(world.core).startswith("1 capture process heard")
    tell(world.core, "b", FULL)
    with pytest.raises(Unavailable, match=r"1 of 2 .* since 08:00:00 UTC: .* free space .* 64 MiB") as caught:
        checks.recording(world.core)
    assert "Free space" in caught.value.remedy
    tell(world.core, "b", replace(FULL, trouble=Trouble.SPOOL_FULL))
    with pytest.raises(Unavailable, match="spool is full"):
        checks.recording(world.core)


def test_the_doctor_looks_at_the_disk_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while nothing runs that could tell, and before there is a spool."""
    assert checks.spool(world.core.settings).endswith("MiB free")
    monkeypatch.setattr(checks, "DISK_FREE_BYTES_MIN", 1 << 60)
    with pytest.raises(Unavailable, match=r"MiB are free, and its reserve is \d+ MiB"):
        checks.spool(world.core.settings)


def test_readiness_says_in_words_what_is_the_matter(world: World) -> None:
    """Beside the name of the part, as before; of an error without words for an operator, none are shown."""

    def full() -> None:
        raise SpoolFull("The spool's disk is full.", "Free space.")

    def broken() -> None:
        raise RuntimeError("postgresql://capture:secret@database")

    app = FastAPI()
    app.include_router(health.routes(world.core, {"spool": full, "store": broken, "keys": lambda: None}))
    answer = AsgiClient(app).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"spool": "failed", "store": "failed", "keys": "ok"}
    assert answer.json()["said"] == {"spool": "The spool's disk is full."}


def test_a_process_that_was_silent_counts_from_its_next_word(world: World) -> None:
    """A trouble that it told before it fell silent goes on if it still has it."""
    tell(world.core, "a", FULL)
    began = world.clock.now
    world.clock.move(seconds=2 * TOLD_FOR.total_seconds())
    with world.core.db.read() as db:
        assert spools.standing(db, world.core) == []
    tell(world.core, "a", FULL)
    with world.core.db.read() as db:
        (one,) = spools.troubles(db, world.core)
    assert one.since == began
    assert world.clock.now - began > timedelta(minutes=1)
