"""State that the retention worker keeps between its passes, for itself and for those who watch it."""

from datetime import datetime

from sqlalchemy import JSON, select, true, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import enter
from proctoring.db import Row
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.tolerant import Garbled, as_it_stands, readable

STATE_ID = 1
COUNTS = ("failures", "findings", "orphans")


class BrakeRow(Row):
    """A brake that was pulled; in force until a person releases it."""

    __tablename__ = "retention_brakes"

    id: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str]
    detail: Mapped[str]
    pulled_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)


class WorkerRow(Row):
    """One row: when the worker last passed, listed erased evidence again and looked for orphans.

    `failures`: units that the last pass could not finish. `findings` and `orphans` count since ever.
    """

    __tablename__ = "retention_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    passed_at: Mapped[datetime | None]
    failures: Mapped[int]
    audited_at: Mapped[datetime | None]
    findings: Mapped[int]
    orphans: Mapped[int]


def state(db: Db) -> WorkerRow:
    """The worker's memory; what cannot be read of it is forgotten."""
    columns = WorkerRow.__table__.c
    row = db.execute(select(*map(as_it_stands, columns)).where(WorkerRow.id == STATE_ID)).one()
    known = {name: value for name, value in row._mapping.items() if not isinstance(value, Garbled)}
    return WorkerRow(**(dict.fromkeys(COUNTS, 0) | known))


def passed(db: Db, at: datetime, failures: int) -> None:
    """Note a pass."""
    db.execute(update(WorkerRow).where(WorkerRow.id == STATE_ID).values(passed_at=at, failures=failures))


def count(db: Db, findings: int = 0, orphans: int = 0) -> None:
    """Add to what was found."""
    row = update(WorkerRow).where(WorkerRow.id == STATE_ID)
    db.execute(row.values(findings=WorkerRow.findings + findings, orphans=WorkerRow.orphans + orphans))


def begin_audit(db: Db, now: datetime, last_before: datetime) -> bool:
    """Whether an audit is due. Only one caller gets True and does it, however many ask at once."""
    claimed = (
        update(WorkerRow)
        .where(
            WorkerRow.id == STATE_ID,
            WorkerRow.audited_at.is_(None) | (WorkerRow.audited_at <= last_before),
        )
        .values(audited_at=now)
        .returning(WorkerRow.id)
    )
    return db.scalar(claimed) is not None


def brake_in_force(db: Db) -> Brake | None:
    """The oldest brake that nobody has released; one whose row cannot be read is in force too."""
    names = BrakeRow.__table__.c
    columns = (as_it_stands(names[name]) for name in ("cause", "detail", "id", "pulled_at"))
    query = select(*columns).where(BrakeRow.released_at.is_(None)).order_by(BrakeRow.pulled_at)
    row = db.execute(query.limit(1)).one_or_none()
    if row is None:
        return None
    try:
        cause, detail, brake_id, pulled_at = readable(row)
        return Brake(BrakeCause(cause), detail, brake_id, pulled_at)
    except ValueError:
        return Brake(BrakeCause.CLOCKS_DISAGREE, "the row of the brake cannot be read", row.id)


def pull(db: Db, core: Core, brake: Brake) -> Brake:
    """No erasure is decided from here on until a person confirms."""
    row = BrakeRow(id=core.new_id(), cause=brake.cause.value, detail=brake.detail, pulled_at=core.clock())
    words = commit(row, "detail")
    db.add(row)
    db.flush()
    enter(db, row.pulled_at, SYSTEM, Action.BRAKE_PULL, brake=row.id, cause=row.cause, **words)
    return Brake(brake.cause, brake.detail, row.id, row.pulled_at)


def release_all(db: Db, core: Core, by: Actor, cause: BrakeCause | None = None) -> int:
    """A person has looked at the clocks: every brake is released, or each of one cause; how many."""
    now = core.clock()
    mine = BrakeRow.cause == cause.value if cause is not None else true()
    released = (
        update(BrakeRow)
        .where(BrakeRow.released_at.is_(None), mine)
        .values(released_at=now, released_by=by.id)
        .returning(BrakeRow.id)
    )
    ids = list(db.scalars(released))
    for brake_id in sorted(ids):
        enter(db, now, by, Action.BRAKE_RELEASE, brake=brake_id)
    return len(ids)
