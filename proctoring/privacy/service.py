"""The candidate's own page, read from the live data in one transaction."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.appeals import service as appeals
from proctoring.core import Core
from proctoring.custody import service as custody
from proctoring.custody.rows import CertificateRow
from proctoring.disclosures.model import given
from proctoring.errors import NotFound
from proctoring.exams.rows import ExamRow
from proctoring.help import service as help_requests
from proctoring.holds import service as holds
from proctoring.holds.model import Hold
from proctoring.holds.rows import HoldUnitRow
from proctoring.incidents import service as incidents
from proctoring.incidents.model import standing
from proctoring.privacy.model import OwnRecording, Stored, looks
from proctoring.recordings.ending import told_reason
from proctoring.recordings.events import Log
from proctoring.recordings.logs import heads as log_heads
from proctoring.recordings.rows import TakeRow
from proctoring.records import words
from proctoring.records.model import words_until
from proctoring.records.service import left_of
from proctoring.reviews import service as reviews
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow


def own_recording(db: Db, core: Core, session_id: str) -> OwnRecording:
    """What is kept of a session, who looked at it, until when, and why. Raises NotFound."""
    row = session_row(db, session_id)
    active = holds.active(db, session_id)
    entries = custody.entries(db, session_id)
    exam = db.get_one(ExamRow, row.exam_id)
    left = left_of(db, session_id)
    return OwnRecording(
        now=core.clock(),
        session=row.model(),
        exam=exam.model(),
        stored=_stored(db, session_id, active),
        looks=looks(entries),
        given=given(entries),
        review=reviews.load(db, session_id),
        incident=standing(incidents.of_session(db, session_id)),
        appeals=tuple(appeals.of_session(db, session_id)),
        holds=tuple(active),
        messages=tuple(reversed(help_requests.of_session(db, session_id))),
        texts=words.count(db, session_id),
        texts_until=words_until(left),
        decided=left.decided,
        record_erased_at=left.record_erased_at,
        notice_version=row.notice_version,
        notice_text=row.notice_text,
        ended_why=told_reason(entries),
    )


def own_certificate(db: Db, session_id: str, certificate_id: str) -> CertificateRow:
    """An erasure certificate of this very session. Raises NotFound for another's."""
    certificate = custody.certificate(db, certificate_id)
    if certificate.session_id != session_id:
        raise NotFound(
            "There is no such certificate.", "Open it from your recording's page.", "no-certificate"
        )
    return certificate


def _stored(db: Db, session_id: str, active: list[Hold]) -> tuple[Stored, ...]:
    units = {row.kind: row for row in db.scalars(select(UnitRow).where(UnitRow.session_id == session_id))}
    recorded: dict[str, int] = defaultdict(int)
    for take in db.scalars(select(TakeRow).where(TakeRow.session_id == session_id)):
        recorded[take.unit_id] += take.end_ms - take.start_ms
    logged = any(log.kind.value in units for log in Log)
    entries = {head.unit_id: head.entries for head in log_heads(db, session_id)} if logged else {}
    covered: dict[str, list[Hold]] = defaultdict(list)
    by_id = {hold.id: hold for hold in active}
    covers = select(HoldUnitRow.unit_id, HoldUnitRow.hold_id).where(HoldUnitRow.hold_id.in_(by_id))
    for unit_id, hold_id in db.execute(covers) if active else ():
        covered[unit_id].append(by_id[hold_id])
    erased = any(unit.state == UnitState.ERASED.value for unit in units.values())
    certificates = {row.unit_id: row.id for row in custody.certificates(db, session_id)} if erased else {}
    return tuple(
        Stored(
            kind,
            UnitState(unit.state),
            (unit.recorded_ms or recorded[unit.id]) if kind.is_stream else 0,
            entries.get(unit.id),
            unit.manifest_size,
            unit.due_at,
            tuple(covered[unit.id]),
            unit.erased_at,
            certificates.get(unit.id),
        )
        for kind in UnitKind
        if (unit := units.get(kind.value)) is not None
    )
