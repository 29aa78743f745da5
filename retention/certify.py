"""The end of an erasure: the unit is erased and its one certificate is signed, in one transaction."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import CertificateRow, EntryRow
from proctoring.custody.service import enter, entries
from proctoring.disclosures.model import given
from proctoring.units.model import UnitKind
from proctoring.units.rows import UnitRow
from proctoring.units.service import finish_erasure
from retention.certificate import Certificate
from retention.guard import BY_ROWS
from storage.objects.shred import Shredded
from storage.proofs.sign import Purpose, Signer, sign_body


def certify(
    db: Db,
    core: Core,
    signer: Signer,
    *,
    unit_id: str,
    as_of: datetime,
    actor: Actor,
    removed: Shredded,
    backup_horizon: timedelta,
) -> str:
    """The id of the unit's certificate; whoever finishes a second time gets the first one's."""
    if not finish_erasure(db, unit_id, core.clock()):  # another worker was faster
        return db.scalars(select(CertificateRow.id).where(CertificateRow.unit_id == unit_id)).one()
    unit = db.get_one(UnitRow, unit_id)
    assert unit.erasing_at is not None
    assert unit.erased_at is not None
    mine = EntryRow.session_id == unit.session_id, EntryRow.unit_id == unit_id
    decided = db.scalars(
        select(EntryRow)
        .where(*mine, EntryRow.action == Action.EVIDENCE_ERASE.value)
        .order_by(EntryRow.number.desc())
        .limit(1)
    ).one()
    about = entries(db, unit.session_id)
    certificate = Certificate(
        id=core.new_id(),
        unit=unit.id,
        session=unit.session_id,
        kind=unit.kind,
        due_at=unit.due_at,
        as_of=as_of,
        decided_at=unit.erasing_at,
        erased_at=unit.erased_at,
        ledger_number=decided.number,
        confirmed=str(decided.detail.get("confirmed") or BY_ROWS),
        kek_epoch=unit.kek_epoch,
        leaves=unit.manifest_size,
        manifest_head=unit.manifest_head,
        removed=removed,
        texts=sum(int(e.detail["texts"] or 0) for e in about if e.action is Action.WORDS_ERASE),
        given=tuple(one for one in given(about) if one.identity or unit.kind != UnitKind.IDENTITY.value),
        backup_horizon=backup_horizon,
    )
    body = certificate.body()
    db.add(
        CertificateRow(
            id=certificate.id,
            unit_id=unit.id,
            session_id=unit.session_id,
            issued_at=unit.erased_at,
            body=body,
            signature=sign_body(signer, Purpose.CERTIFICATE, body),
        )
    )
    db.flush()
    enter(
        db,
        unit.erased_at,
        actor,
        Action.EVIDENCE_ERASED,
        unit.session_id,
        unit_id=unit.id,
        certificate=certificate.id,
    )
    return certificate.id
