"""Figures for operators (`/metrics`): read from the database when asked, so every process tells the same.

No label holds an id.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.custody.model import Action
from proctoring.custody.rows import EntryRow
from proctoring.holds import worker_state
from proctoring.holds.rows import HoldRow, HoldUnitRow
from proctoring.proofs import findings, stamps, stops
from proctoring.proofs.rows import ReplayRow
from proctoring.quarantine.service import in_force
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import GapRow
from proctoring.spools import service as spools
from proctoring.tolerant import UNREADABLE, as_it_stands, came_of
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from proctoring.web.seldom import seldom
from proctoring.web.work_metrics import counted, work

log = structlog.get_logger()

_NOT_STORABLE = (
    select(func.count())
    .select_from(UnitRow)
    .join(GapRow, GapRow.unit_id == UnitRow.id)
    .where(UnitRow.state == UnitState.OPEN.value, GapRow.cause == EndCause.NOT_STORABLE.value)
)

_KEYS_REFUSED = select(func.count()).select_from(EntryRow).where(EntryRow.action == Action.TAKE_REFUSE.value)


class EvidenceMetrics(Collector):
    """Evidence by state, and how erasure goes."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def describe(self) -> list[Metric]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        with self._core.db.read() as db:
            yield _gauge(
                "oldest_overdue_seconds",
                "For how long the unheld evidence longest due has waited for its erasure.",
                oldest_overdue_s(self._core, db),
            )
            by_state = seldom(self._core, db, _units)
            units = GaugeMetricFamily("evidence_units", "Evidence units by state.", labels=["state"])
            for state in UnitState:
                units.add_metric([state.value], by_state.get(state.value, 0))
            yield units
            held = seldom(self._core, db, _held)
            yield _gauge("evidence_units_held", "Evidence units with a hold in force.", held)
            yield _gauge(
                "gaps_not_storable",
                "Gaps of open evidence units in which a device sent what cannot be stored.",
                db.scalar(_NOT_STORABLE) or 0,
            )
            memory = worker_state.state(db)
            braked = worker_state.brake_in_force(db) is not None
            yield _gauge("erasure_braked", "1 while the clock brake waits for a person.", int(braked))
            yield _gauge(
                "erasure_stopped_sessions",
                "Sessions that are not erased because rows and ledger disagree.",
                stops.count_in_force(db),
            )
            quarantined = in_force(db) is not None
            yield _gauge("quarantined", "1 while a restored database waits for a person.", int(quarantined))
            yield _gauge("erasure_failures", "Units that the last pass could not erase.", memory.failures)
            if memory.passed_at is not None:
                age_s = max(0, ms_between(memory.passed_at, self._core.clock()) // 1000)
                yield _gauge(
                    "retention_pass_age_seconds", "Since the last pass of the retention worker.", age_s
                )
            yield CounterMetricFamily(
                "audit_findings", "Erased units of which something was found again.", memory.findings
            )
            yield CounterMetricFamily(
                "keys_refused",
                "Unit keys in the database that were not the ones made for their units; none was sealed to.",
                db.scalar(_KEYS_REFUSED) or 0,
            )
            yield CounterMetricFamily(
                "timestamp_failures", "Time-stamps that the authority did not give.", stamps.failures(db)
            )
            yield _gauge(
                "ledger_disagreements",
                "Columns that are not what the custody ledger tells.",
                findings.open_findings(db),
            )
            passed_at = db.scalar(select(as_it_stands(ReplayRow.__table__.c.passed_at)))
            if isinstance(passed_at, datetime):
                age_s = max(0, ms_between(passed_at, self._core.clock()) // 1000)
                yield _gauge("replay_pass_age_seconds", "Since the last replay of the ledger.", age_s)
            yield CounterMetricFamily("orphans_removed", "Objects removed that had no leaf.", memory.orphans)
            yield from _readable(work(self._core, db))
            yield from _readable(_capture(self._core, db))


def _units(db: Db) -> dict[str, int]:
    return counted(db, select(UnitRow.state, func.count()).group_by(UnitRow.state))


def _held(db: Db) -> int:
    """Of units that a hold names, so that no other is read."""
    held = select(func.count(HoldUnitRow.unit_id.distinct())).join(HoldRow, HoldRow.id == HoldUnitRow.hold_id)
    return db.scalar(held.where(HoldRow.released_at.is_(None))) or 0


def _readable(metrics: Iterator[Metric]) -> Iterator[Metric]:
    """Those up to the first of which a row cannot be read."""
    try:
        yield from metrics
    except UNREADABLE as error:
        log.error("metrics.unreadable", error=came_of(error))


def _capture(core: Core, db: Db) -> Iterator[Metric]:
    """What capture processes have told within the last minute, of all of them together."""
    told = [one.told for one in spools.standing(db, core)]
    yield _gauge(
        "capture_keeps_nothing",
        "Capture processes that can keep nothing more for now: disk or spool is full.",
        sum(one.trouble is not None for one in told),
    )
    if told:
        yield _gauge(
            "capture_disk_free_bytes",
            "Free space of the disk of a spool, where it is least.",
            min(one.free_bytes for one in told),
        )
    yield _gauge(
        "capture_waiting_bytes",
        "What waits in spools for object store and database.",
        sum(one.waiting_bytes for one in told),
    )
    yield _gauge(
        "capture_memory_waiting_bytes",
        "What waits in memory for a spool that accepts nothing.",
        sum(one.memory_bytes for one in told),
    )
    yield CounterMetricFamily(
        "capture_datagrams_lost",
        "Datagrams of publishers for which the system had no room.",
        sum(one.datagrams_lost for one in told),
    )
    yield CounterMetricFamily(
        "capture_sounds_lost",
        "Packets of sound that did not come; each is silence in what is stored.",
        sum(one.sounds_lost for one in told),
    )


def exposition(core: Core) -> bytes:
    """The database's metrics, then this process's own."""
    return database_exposition(core) + generate_latest(REGISTRY)


def database_exposition(core: Core) -> bytes:
    """What every process tells alike."""
    registry = CollectorRegistry()
    registry.register(EvidenceMetrics(core))
    return generate_latest(registry)


def oldest_overdue_s(core: Core, db: Db) -> int:
    """For how long the unheld evidence that is longest due has waited for its erasure; 0 when none waits."""
    waiting = (UnitState.RETAINED.value, UnitState.ERASING.value)
    mine = UnitRow.state.in_(waiting), UnitRow.active_holds == 0, UnitRow.due_at < core.clock()
    try:
        oldest = db.scalar(select(func.min(UnitRow.due_at)).where(*mine))
    except UNREADABLE:  # found by the retention worker, which names the row
        due = select(as_it_stands(UnitRow.__table__.c.due_at)).where(*mine).order_by(UnitRow.due_at)
        oldest = next((one for one in db.scalars(due) if isinstance(one, datetime)), None)
    return max(0, ms_between(oldest, core.clock()) // 1000) if oldest else 0


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value)
