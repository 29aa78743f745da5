"""One ended session on PostgreSQL, put back before every order in which two people act on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from proctoring.appeals.rows import AppealRow
from proctoring.custody.model import SYSTEM, first_break
from proctoring.custody.rows import EntryRow, LedgerHeadRow
from proctoring.custody.service import entries, head
from proctoring.db import WRITING_ISOLATION, Database
from proctoring.exams.model import Stream
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.incidents.rows import IncidentRow
from proctoring.recordings.rows import TakeRow
from proctoring.reviews.rows import ReviewRow
from proctoring.sessions.model import Session
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.decide import Decision, HeldMeanwhile, decide
from retention.guard import Guard
from tests.support import postgres
from tests.support.interleave import Pair, Work
from tests.support.world import World

LEVEL_STRIDE = 4  # and every fourth at isolation levels that no process of ours has


@dataclass
class Stage:
    """One ended session, put back to where it was before every schedule."""

    world: World
    session: Session
    pair: Pair
    stride: int = 1
    units: list[dict[str, Any]] = field(default_factory=list)
    takes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.world.core.db.read() as db:
            self.units = [
                {"id": unit.id, "sealed_private_key": unit.sealed_private_key}
                for unit in db.scalars(select(UnitRow))
            ]
            self.takes = [
                {"id": take.id, "sealed_key": take.sealed_key} for take in db.scalars(select(TakeRow))
            ]
            self.due_at = max(db.scalars(select(UnitRow.due_at)))
            self.ledger = head(db)
        self.guard = Guard(self.world.core, self.world.signer.public)

    def reset(self) -> None:
        with self.world.core.db.begin() as db:
            for table in (AppealRow, IncidentRow, ReviewRow, HoldUnitRow, HoldRow):
                db.execute(delete(table))
            untouched = {
                "state": UnitState.RETAINED.value,
                "active_holds": 0,
                "erase_id": None,
                "erasing_at": None,
            }
            db.execute(update(UnitRow), [unit | untouched for unit in self.units])
            db.execute(update(TakeRow), self.takes)
            db.execute(delete(EntryRow).where(EntryRow.number > self.ledger[0]))
            number, hashed = self.ledger
            db.execute(update(LedgerHeadRow).values(number=number, hash=hashed))

    def erase(self, database: Database) -> bool:
        """The retention worker's decision; whether it erases."""
        ids = [unit["id"] for unit in self.units]
        try:
            database.transact(
                lambda db: decide(db, self.world.core, self.guard, ids, Decision(self.due_at, SYSTEM))
            )
        except HeldMeanwhile:
            return False
        return True

    def now(self) -> tuple[set[str], set[bool], set[int]]:
        """States of the units, whether all keys are there, the counters."""
        with self.world.core.db.read() as db:
            units = list(db.scalars(select(UnitRow)))
            keys = {unit.sealed_private_key is not None for unit in units}
            keys |= {key is not None for key in db.scalars(select(TakeRow.sealed_key))}
        return {unit.state for unit in units}, keys, {unit.active_holds for unit in units}

    def every_order(
        self, works: tuple[Work, Work], reset: Callable[[], None], stride: int = 1
    ) -> Iterator[tuple[object, object]]:
        for number, schedule in enumerate(self.pair.schedules(works, reset)):
            if number % stride == 0:
                reset()
                yield self.pair.run(works, schedule)


@contextmanager
def staged(tmp_path: Path, isolation: str, streams: tuple[Stream, ...]) -> Iterator[Stage]:
    """A session of these streams on PostgreSQL; its ledger is whole in the end."""
    url = postgres.server().fresh()
    world = World(tmp_path, database_url=url)
    session = world.ended(world.exam(streams=streams))
    pair = Pair(url, isolation)
    yield Stage(world, session, pair, 1 if isolation == WRITING_ISOLATION else LEVEL_STRIDE)
    with world.core.db.read() as db:
        assert first_break(entries(db)) is None
    pair.close()
    world.core.db.close()
    postgres.server().drop(url)
