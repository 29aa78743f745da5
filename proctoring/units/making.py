"""Evidence units of a session as they are made, once, with a key each."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.errors import Unavailable
from proctoring.exams.model import CaptureProfile
from proctoring.summaries.service import changed
from proctoring.units.keys import commitment
from proctoring.units.model import UnitKind, UnitState, unit_kinds
from proctoring.units.rows import UnitRow
from proctoring.units.summary import FOOTAGE
from storage.errors import KeyMissing, KeyServiceFailed
from storage.keys.unit_tags import UnitPublicKey
from storage.proofs.manifest import GENESIS
from storage.seal import SealedUnitKey


def make_units(db: Db, core: Core, session_id: str, profile: CaptureProfile, due: datetime) -> dict[str, str]:
    """Open every unit that the profile asks for. Returns what the ledger says of them: the id of each by its
    kind, and the hash of its public half.

    Raises Unavailable when there is no key to seal to.
    """
    made: dict[str, str] = {}
    for kind in unit_kinds(profile):
        unit_id = core.new_id()
        key, public = _new_key(core, session_id, unit_id, kind)
        made |= commitment(public)
        db.add(
            UnitRow(
                id=unit_id,
                session_id=session_id,
                kind=kind.value,
                state=UnitState.OPEN.value,
                public_key=key.public,
                key_tag=public.tag,
                sealed_private_key=key.sealed_private,
                kek_epoch=key.epoch,
                active_holds=0,
                due_at=due,
                manifest_size=0,
                manifest_head=GENESIS,
            )
        )
    changed(db, session_id, FOOTAGE)
    return made


def _new_key(
    core: Core, session_id: str, unit_id: str, kind: UnitKind
) -> tuple[SealedUnitKey, UnitPublicKey]:
    try:
        key = core.sealer.new_unit_key(unit_id)
        public = UnitPublicKey(unit_id, session_id, kind.value, key.public)
        return key, replace(public, tag=core.sealer.tags.tag(public))
    except (KeyMissing, KeyServiceFailed) as error:
        raise Unavailable(
            f"There is no key for the recording: {error}.",
            "Try again in a minute; the operator runs `proctoring doctor`.",
        ) from error
