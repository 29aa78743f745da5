"""A session whose evidence must stay, one that is due, and somebody who may write every row of both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from proctoring.appeals import service as appeals
from proctoring.casework import claims, identity_answers, results
from proctoring.custody.model import Actor
from proctoring.custody.service import certificates
from proctoring.flags.model import Category, Severity
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.holds.rows import HoldRow
from proctoring.incidents import service as incidents
from proctoring.proofs import stops
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.erase import Eraser
from storage.objects.naming import unit_prefix
from tests.support.looks import look
from tests.support.world import ADMIN, World

ANNA = Actor("anna", "proctor")


class Scene:
    """`held` must stay; `free` is due and unheld. `units`: of `held`, before anybody wrote rows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.core = self.world.core
        self.exam = self.world.exam(identity_copy=True)
        self.held = self.world.ended(self.exam)
        self.free = self.world.ended(self.exam)
        with self.core.db.begin() as db:
            results.publish_results(db, self.core, ADMIN, self.exam.id, self.world.clock())
            mine = select(UnitRow.id).where(UnitRow.session_id == self.held.id)
            self.units = list(db.scalars(mine))
        self.eraser: Eraser = self.world.new_eraser()
        self.stored = self.objects()

    def close(self) -> None:
        self.core.db.close()

    def write(self, *statements: Any) -> None:
        """As somebody does who may write every row."""
        with self.core.db.begin() as db:
            for statement in statements:
                db.execute(statement)

    def units_are(self, **values: object) -> Any:
        """Every unit of the held session gets these values."""
        return update(UnitRow).where(UnitRow.session_id == self.held.id).values(**values)

    def due(self) -> None:
        """The instant at which the free session is due, and the held one by its rows."""
        with self.core.db.read() as db:
            mine = select(UnitRow.due_at).where(UnitRow.session_id == self.free.id)
            self.world.clock.now = max(db.scalars(mine))

    def objects(self) -> int:
        """How many objects of the held session's units are in the store."""
        return sum(1 for unit in self.units for _ in self.world.objects.versions(unit_prefix(unit)))

    def signed(self) -> None:
        """The ledger's head is signed."""
        Checkpoints(self.core, self.world.signer, None).run()

    def kept(self) -> bool:
        """Nothing of the held session was destroyed."""
        with self.core.db.read() as db:
            keys = set(db.scalars(select(UnitRow.sealed_private_key).where(UnitRow.id.in_(self.units))))
            certified = bool(certificates(db, self.held.id))
        return self.objects() == self.stored and None not in keys and not certified

    def told(self) -> bool:
        """Somebody is told that a session is stopped."""
        with self.core.db.read() as db:
            return bool(stops.in_force(db))

    def free_erased(self) -> bool:
        with self.core.db.read() as db:
            mine = select(UnitRow.state).where(UnitRow.session_id == self.free.id)
            return set(db.scalars(mine)) == {UnitState.ERASED.value}


Edit = Callable[[Scene], None]


def held_by(kind: HoldKind) -> Edit:
    """A hold by hand."""

    def hold(scene: Scene) -> None:
        with scene.core.db.begin() as db:
            holds.place(db, scene.core, ADMIN, scene.held.id, kind, reason="seen by two people")

    return hold


def open_incident(scene: Scene) -> None:
    look(scene.core, ANNA, scene.held.id)
    with scene.core.db.begin() as db:
        claims.claim(db, scene.core, ANNA, scene.held.id)
        incidents.decide(
            db,
            scene.core,
            ANNA,
            scene.held.id,
            category=Category.OTHER,
            severity=Severity.MINOR,
            reasons="A second voice.",
        )


def open_appeal(scene: Scene) -> None:
    with scene.core.db.begin() as db:
        appeals.lodge(db, scene.core, scene.held.id, "I was alone in the room.")


def recompute(scene: Scene) -> None:
    """What the service does by itself when a card is compared: due dates follow from the rows anew."""
    with scene.core.db.begin() as db:
        identity_answers.answer(
            db, scene.core, ANNA, scene.held.id, confirmed=False, reason="the picture is dark"
        )


def let_go(scene: Scene) -> None:
    """The two UPDATEs after which held evidence looks free."""
    mine = HoldRow.session_id == scene.held.id
    released = {"released_at": scene.world.clock(), "released_by": "nobody"}
    scene.write(update(HoldRow).where(mine).values(**released), scene.units_are(active_holds=0))


@dataclass(frozen=True, slots=True)
class Case:
    """`before`: why the evidence must stay; `edit`: what makes it look otherwise. `early`: it is not due yet,
    nor is the other session. `all`: the edit is about the ledger of every session."""

    name: str
    before: Edit
    edit: Edit
    early: bool = False
    all: bool = False


def nothing(_scene: Scene) -> None:
    """No hold: the evidence must stay because it is not due."""
