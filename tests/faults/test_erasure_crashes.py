"""Erasure crashed before and after every commit and every call to the store, and disturbed right there."""

import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from proctoring.casework import procedures, results
from proctoring.custody.model import Actor
from proctoring.errors import BeingErased, NotFound, WrongState
from proctoring.exams.model import Stream
from proctoring.holds import service as holds
from proctoring.holds.model import Hold, HoldKind
from proctoring.recordings import service as recordings
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.rows import TakeRow
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.erase import Eraser
from storage.objects.folder import FolderObjects
from storage.objects.naming import segment_key
from storage.objects.shred import Shredder
from tests.support.crash import Crash, Points, crash, crashing
from tests.support.life import check_life, check_nothing_due_is_left
from tests.support.versioned import VersionedObjects
from tests.support.world import ADMIN, SEGMENT_MS, START, UNPAUSED, World

OFFICER = Actor("officer", "privacy-officer")
LATE_SEQ = 7
POINTS_MIN = 40
KILLED_AT = (2, 9, 16, 23)


class Scene:
    """A due session, the worker that will be crashed, and who disturbs it."""

    def __init__(self, world: World, objects: VersionedObjects) -> None:
        self.world, self.objects = world, objects
        world.objects = objects
        world.clock.move(days=40)  # the audit lists none of the earlier scenes' units
        exam = world.exam(streams=(Stream.WEBCAM, Stream.SCREEN))
        self.session: Session = world.ended(exam)
        with world.core.db.begin() as db:
            results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
            self.units = list(db.scalars(select(UnitRow.id).where(UnitRow.session_id == self.session.id)))
            self.take = db.scalars(select(TakeRow).where(TakeRow.unit_id == self.units[0])).one().model()
            world.clock.now = max(db.scalars(select(UnitRow.due_at)))
        for seq, hidden in ((0, False), (1, True)):  # older versions below, a marker between
            key = segment_key(self.units[0], self.take.id, seq)
            sealed = objects.get(key)
            if hidden:
                objects.hide(key)
            objects.overwrite(key, sealed)
        objects.begin_upload(segment_key(self.units[0], self.take.id, 5))
        self.hold: Hold | None = None
        self.strays: frozenset[str] = frozenset()

    def run(self, points: Points) -> None:
        core, objects = crashing(self.world.core, self.objects, points)
        ticks = lambda: self.world.clock.now.timestamp()  # noqa: E731
        Eraser(core, Shredder(objects), self.world.signer, rules=UNPAUSED, ticks=ticks).run()

    def place(self) -> None:
        """Somebody holds the session; whoever is told so finds it whole."""
        try:
            with self.world.core.db.begin() as db:
                core = self.world.core
                self.hold = holds.place(
                    db, core, OFFICER, self.session.id, HoldKind.LEGAL, reason="court order"
                )
        except BeingErased:
            self.hold = None

    def late_segment(self) -> None:
        """A forgotten publisher stores an object and is refused its leaf."""
        self.objects.overwrite(segment_key(self.take.unit_id, self.take.id, LATE_SEQ), b"late")
        self.strays = frozenset([self.take.unit_id])
        late = SealedSegment(LATE_SEQ, "0" * 64, 4, self.world.clock.unix_ms, SEGMENT_MS)
        refused = pytest.raises((WrongState, NotFound))  # its take is there, or removed already
        with refused, self.world.core.db.begin() as db:
            recordings.register(db, self.world.core, self.take.id, late)

    def second_worker(self) -> None:
        self.world.new_eraser(self.objects).run()

    def nobody(self) -> None:
        pass

    def recover(self) -> None:
        """The next pass, the next day's, and whatever it takes when a hold won."""
        check_life(self.world, self.objects, self.strays, self.session.id)
        self.world.new_eraser(self.objects).run()
        check_nothing_due_is_left(self.world)
        if self.hold is not None:
            assert self.states() == {UnitState.RETAINED.value}
            with self.world.core.db.begin() as db:
                procedures.release(db, self.world.core, ADMIN, self.hold.id)
            self.world.new_eraser(self.objects).run()
        self.world.clock.move(days=1)
        self.world.new_eraser(self.objects).run()
        assert self.states() == {UnitState.ERASED.value}
        check_life(self.world, self.objects, session_id=self.session.id)

    def states(self) -> set[str]:
        with self.world.core.db.read() as db:
            return set(db.scalars(select(UnitRow.state).where(UnitRow.session_id == self.session.id)))


DISTURBANCES: dict[str, Callable[[Scene], None]] = {
    "nobody": Scene.nobody,
    "a hold": Scene.place,
    "a late segment": Scene.late_segment,
    "a second worker": Scene.second_worker,
}


@pytest.fixture
def begin(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Scene]:
    """A fresh due session of the same world each time. `World.store` seals a handful of bytes: enough."""
    objects = VersionedObjects()
    return lambda: Scene(world, objects)


@pytest.mark.promise("P7")
@pytest.mark.promise("P9")
@pytest.mark.parametrize("who", DISTURBANCES)
def test_after_a_crash_anywhere_all_comes_to_the_right_end(begin: Callable[[], Scene], who: str) -> None:
    """At each instant in turn the worker dies and somebody acts; the next passes put everything right."""
    for target in count(1):
        scene = begin()
        points = Points(target, crash)
        try:
            scene.run(points)
        except Crash:
            DISTURBANCES[who](scene)
            scene.recover()
            continue
        scene.recover()
        break
    assert target > POINTS_MIN
    check_life(scene.world, scene.objects)


@pytest.mark.promise("P9")
@pytest.mark.parametrize("who", ["a hold", "a late segment", "a second worker"])
def test_whatever_happens_between_two_steps_of_the_worker_all_comes_to_the_right_end(
    begin: Callable[[], Scene], who: str
) -> None:
    """Nobody dies: somebody acts between two steps, and the worker goes on. Not within its transaction, where
    the database lets nobody in: `tests/integration/test_interleavings.py` steps through those."""
    for target in count(1):
        scene = begin()
        points = Points(target, lambda scene=scene: DISTURBANCES[who](scene))  # type: ignore[misc]
        reach = points.reach
        points.reach = lambda name, reach=reach: None if name == "before commit" else reach(name)  # type: ignore[method-assign,misc]
        scene.run(points)
        scene.recover()
        if points.at is None:
            break
    assert target > POINTS_MIN
    check_life(scene.world, scene.objects)


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from retention.erase import Eraser
from storage.objects.folder import FolderObjects
from storage.objects.shred import Shredder
from tests.support.crash import Points, crashing
from tests.support.world import UNPAUSED, TestClock, World

folder, url, now, target = sys.argv[1:]
clock = TestClock(datetime.fromisoformat(now))
world = World(Path(folder), clock, database_url=url or None)
points = Points(int(target), lambda: os.kill(os.getpid(), signal.SIGKILL))
core, objects = crashing(world.core, FolderObjects(Path(folder) / "objects"), points)
Eraser(core, Shredder(objects), world.signer, rules=UNPAUSED, ticks=lambda: 0.0).run()
"""


@pytest.mark.promise("P7")
@pytest.mark.parametrize("target", KILLED_AT)
def test_a_killed_worker_is_resumed(world: World, target: int) -> None:
    """SIGKILL of a process of its own over a folder store: nothing half erased, then everything gone."""
    objects = FolderObjects(world.folder / "objects")
    world.objects = objects
    exam = world.exam()
    session = world.ended(exam)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
        world.clock.now = max(db.scalars(select(UnitRow.due_at)))
    arguments = [str(world.folder), world.database_url or "", world.clock.now.isoformat(), str(target)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments],
        cwd=Path.cwd(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    check_life(world, objects)
    world.new_eraser(objects).run()
    check_life(world, objects)
    check_nothing_due_is_left(world)
    with world.core.db.read() as db:
        states = set(db.scalars(select(UnitRow.state).where(UnitRow.session_id == session.id)))
    assert states == {UnitState.ERASED.value}
    assert world.clock.now > START
    assert [path for path in Path(world.folder / "objects").rglob("*") if path.is_file()] == []
