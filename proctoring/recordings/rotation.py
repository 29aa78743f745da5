"""Rotation of key epochs: living units move to the newest epoch, an unused epoch is destroyed.

Afterwards every old copy of the database is useless: its sealed keys name an epoch that is gone. Objects are
never touched.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import structlog
from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.quarantine.service import check_none
from proctoring.tolerant import Garbled, as_it_stands
from proctoring.units.model import LIVING_VALUES
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, KeyServiceFailed, NotAuthentic
from storage.keys.folder import EpochKeys
from storage.seal import Opener, SealedUnitKey

UNITS_A_ROUND = 500
EPOCH_IDLE = timedelta(days=14)
"""How old an epoch is before it may go: a sealing process may have looked up the newest one just before."""

log = structlog.get_logger()


_COLUMNS = "id", "session_id", "public_key", "sealed_private_key", "kek_epoch"
_READ = tuple(as_it_stands(UnitRow.__table__.c[name]) for name in _COLUMNS)


class Keyed(NamedTuple):
    """A unit and its key as their row holds them."""

    id: str
    session_id: str
    public_key: bytes
    sealed_private_key: bytes | None
    kek_epoch: str

    def key(self) -> SealedUnitKey | None:
        """The sealed key; None once it was destroyed, and where it cannot be read."""
        if self.sealed_private_key is None or any(isinstance(one, Garbled) for one in self):
            return None
        return SealedUnitKey(self.public_key, self.sealed_private_key, self.kek_epoch)


class Guard(Protocol):
    """Whoever knows whether rows can be believed; `proctoring.proofs.epochs` is the one there is."""

    def disputed(self) -> bool:
        """Whether an epoch must stay, because rows and ledger disagree about a session."""

    def key_does_not_open(self, unit: Keyed) -> None:
        """Told of a living unit whose key is not there, or not sealed to the epoch that its row names."""

    def every_key_opens(self) -> None:
        """Told when there is none."""


class Rotation:
    """Holds the power to open and to destroy epochs; runs where footage is opened, never in capture."""

    def __init__(
        self,
        core: Core,
        opener: Opener,
        keys: EpochKeys,
        guard: Guard,
    ) -> None:
        self._core = core
        self._opener = opener
        self._keys = keys
        self._guard = guard

    def run(self) -> tuple[int, list[str]]:
        """One round: make this week's epoch, re-seal units of older epochs, destroy unused ones.

        Returns how many units were re-sealed, and the epochs that were destroyed. Raises Quarantined. Raises
        NotAuthentic, once all of that is done, when there are units whose key is not their own: they stay as
        they are.
        """
        with self._core.db.read() as db:
            check_none(db)  # a later backup may need what this one does not
        newest = self._keys.ensure_epoch(self._core.clock())
        resealed, closed = 0, set[str]()
        while (moved := self._reseal(newest, closed)) is not None:
            resealed += moved
        destroyed = self._destroy_idle(newest)
        if closed:
            raise NotAuthentic(f"the keys of {len(closed)} units do not open; see `proctoring ledger verify`")
        return resealed, destroyed

    def _reseal(self, newest: str, closed: set[str]) -> int | None:
        """The number of units re-sealed in one transaction; None when only those in `closed` are left. A unit
        whose key does not open is added to `closed`."""
        older = or_(UnitRow.kek_epoch < newest, UnitRow.kek_epoch > newest)  # two stretches of an index
        key_there = UnitRow.sealed_private_key.is_not(None)
        behind = key_there, older, UnitRow.id.not_in(closed)
        with self._core.db.read() as db:
            if db.scalar(select(UnitRow.id).where(*behind).limit(1)) is None:
                return None
        with self._core.db.begin() as db:
            units = _keyed(db, select(*_READ).where(*behind))
            moved = sum(self._moved(db, unit, newest, closed) for unit in units)
            if moved:
                enter(db, self._core.clock, SYSTEM, Action.KEY_RESEAL, units=moved, epoch=newest)
        return moved if units else None

    def _moved(self, db: Db, unit: Keyed, newest: str, closed: set[str]) -> bool:
        key = unit.key()
        try:
            if key is None:
                raise NotAuthentic("its row cannot be read")
            moved = self._opener.reseal(unit.id, key, self._core.sealer)
        except (NotAuthentic, KeyMissing) as error:
            log.error("key.not_opened", unit=unit.id, detail=str(error))
            closed.add(unit.id)
            return False
        if moved.epoch != newest:  # else this would go on for ever
            raise KeyServiceFailed(f"what is sealed to {newest} is sealed to {moved.epoch} elsewhere")
        # Only if it is still the key that was read: erasure may have destroyed it meanwhile.
        unchanged = UnitRow.sealed_private_key == key.sealed_private
        db.execute(
            update(UnitRow)
            .where(UnitRow.id == unit.id, unchanged)
            .values(sealed_private_key=moved.sealed_private, kek_epoch=moved.epoch)
        )
        return True

    def _destroy_idle(self, newest: str) -> list[str]:
        destroyed: list[str] = []
        now = self._core.clock()
        idle = [one for one in self._keys.epochs() if one != newest and now - epoch_start(one) >= EPOCH_IDLE]
        if not idle or self._guard.disputed() or not self._every_key_opens():
            return destroyed
        for epoch in idle:
            with self._core.db.begin() as db:
                if _is_needed(db, epoch):
                    continue
                enter(db, self._core.clock, SYSTEM, Action.KEY_DESTROY, epoch=epoch)
            self._keys.destroy(epoch)
            destroyed.append(epoch)
            log.info("key.epoch_destroyed", epoch=epoch)
        return destroyed

    def _every_key_opens(self) -> bool:
        """Whether each living unit has its key, sealed to the epoch that its row names. With a row that names
        another one, the epoch that its key needs would be destroyed."""
        after = ""
        while True:
            with self._core.db.read() as db:
                units = _keyed(db, select(*_READ).where(UnitRow.id > after, UnitRow.state.in_(LIVING_VALUES)))
            if not units:
                self._guard.every_key_opens()
                return True
            for unit in units:
                if not self._opens(unit):
                    self._guard.key_does_not_open(unit)
                    return False
            after = units[-1].id

    def _opens(self, unit: Keyed) -> bool:
        key = unit.key()
        if key is None:
            return False
        try:
            self._opener.unit(unit.id, key)
        except (KeyMissing, NotAuthentic):
            return False
        return True


def _keyed(db: Db, which: Select[Any]) -> list[Keyed]:
    return [Keyed(*row) for row in db.execute(which.order_by(UnitRow.id).limit(UNITS_A_ROUND))]


def epoch_start(epoch: str) -> datetime:
    """The Monday, 00:00 UTC, with which the epoch's ISO week begins."""
    return datetime.strptime(f"{epoch}1", "kek-%Gw%V%u").replace(tzinfo=UTC)


def _is_needed(db: Db, epoch: str) -> bool:
    living = UnitRow.kek_epoch == epoch, UnitRow.sealed_private_key.is_not(None)
    return db.scalar(select(UnitRow.id).where(*living).limit(1)) is not None
