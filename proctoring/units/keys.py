"""Keys of evidence units: sealed to only while they are the ones that were made for their units.

A writer of the database could replace a unit's public half, and read what is recorded from then on. So a
unit's public half is tagged as it is made (`storage.keys.unit_tags`). Every seal checks the tag, and the
ledger commits to public half and sealed take keys. So putting the right half back later hides nothing
(`recordings.refusals`).

Units that are open when a data folder gets its secret for tags are adopted once, with an entry. A file next
to the secret notes that, in a folder into which no writer of the database writes
(`proctoring.compose.prepare`).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import Clock
from proctoring.core import Core
from proctoring.custody.model import SYSTEM, Action
from proctoring.custody.service import enter
from proctoring.errors import Conflict
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow
from storage.errors import NotAuthentic
from storage.keys.unit_tags import UnitPublicKey, UnitTags
from storage.seal import TakeSealer


class KeyRefused(Conflict):
    """The public half in the row of `unit` is not the one that was made for it."""

    title = "The key is not the right one"

    def __init__(self, unit: UnitPublicKey) -> None:
        super().__init__(
            f"The key of the {unit.kind} recording is not the one that was made for it: nothing is recorded.",
            "Call the exam body: its operator runs `proctoring ledger verify`.",
        )
        self.unit = unit


def check(core: Core, unit: UnitPublicKey) -> None:
    """Raises KeyRefused unless something may be sealed to this public half."""
    try:
        core.sealer.tags.check(unit)
    except NotAuthentic as error:
        raise KeyRefused(unit) from error


def new_take(core: Core, unit: UnitPublicKey, take_id: str) -> tuple[TakeSealer, bytes]:
    """A sealer for one take, and the take's key sealed to the unit. Raises KeyRefused."""
    check(core, unit)
    return core.sealer.new_take(unit, take_id)


def commitment(unit: UnitPublicKey) -> dict[str, str]:
    """What the ledger says of a unit as it is made: its id, and the hash of its public half."""
    return {unit.kind: unit.unit, f"{unit.kind}_key": unit.digest()}


def committed(detail: Mapping[str, Any]) -> dict[str, str]:
    """The hash of each unit's public half, by the unit, of an entry's detail; empty where it tells none."""
    return {str(detail[kind]): str(detail[f"{kind}_key"]) for kind in UnitKind if f"{kind}_key" in detail}


def adopt(db: Db, clock: Clock, tags: UnitTags) -> int:
    """Tag every open unit, and commit to its public half in the ledger; how many."""
    opened = select(UnitRow).where(UnitRow.state == UnitState.OPEN.value)
    units = list(db.scalars(opened.order_by(UnitRow.id).with_for_update()))
    for unit in units:
        public = unit.public()
        unit.key_tag = tags.tag(public)
        enter(db, clock, SYSTEM, Action.KEY_ADOPT, unit.session_id, unit_id=unit.id, **commitment(public))
    return len(units)
