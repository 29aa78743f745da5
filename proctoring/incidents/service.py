"""Incidents: decided by one person, which holds the evidence; agreed by a second or a third, or not; closed,
annulled or amended."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import NotFound, WrongState
from proctoring.exams.rows import ExamRow
from proctoring.flags.model import Category, Severity
from proctoring.flags.service import load as load_flag
from proctoring.holds.model import HoldKind, check_reason
from proctoring.holds.service import RESTRICTED, check_not_restricted, place, release
from proctoring.incidents import looks
from proctoring.incidents.model import (
    NOTIFIED_AFTER,
    Amendment,
    Incident,
    IncidentState,
    after_answer,
    check_another,
    check_standing,
)
from proctoring.incidents.notified import notified_at
from proctoring.incidents.rows import IncidentFlagRow, IncidentRow
from proctoring.paging import count, page
from proctoring.recordings.due_dates import set_due_dates
from proctoring.reviews import service as reviews
from proctoring.sessions.service import session_row

HOLD_REASON = "Incident decided by a reviewer."


def decide(
    db: Db,
    core: Core,
    actor: Actor,
    session_id: str,
    *,
    category: Category,
    severity: Severity,
    reasons: str,
    flag_ids: tuple[str, ...] = (),
) -> Incident:
    """The claimant decides that something happened; all evidence is held from this instant.

    Raises Conflict unless the session is claimed by the actor, ended, and every flag was looked at. Raises
    Denied unless they have looked at what the decision names, Invalid without reasons, and BeingErased when
    erasure was first.
    """
    reasons, now = check_reason(reasons), core.clock()
    reviews.check_deciding(db, actor, session_id)
    looks.check(db, actor, session_id, flag_ids)
    reviews.to_second_person(db, now, actor, session_id)
    hold = place(db, core, actor, session_id, HoldKind.INCIDENT, reason=HOLD_REASON)
    row = IncidentRow(
        id=core.new_id(),
        session_id=session_id,
        category=category.value,
        severity=severity.value,
        reasons=reasons,
        state=IncidentState.AWAITING_SECOND.value,
        decided_by=actor.id,
        decided_at=now,
        hold_id=hold.id,
    )
    words = commit(row, "severity", "reasons")
    db.add(row)
    db.flush()
    linked = list(dict.fromkeys(flag_ids))
    for flag_id in linked:
        if load_flag(db, flag_id).session_id != session_id:
            raise NotFound("A linked flag belongs to another session.", "Load the page again.")
        db.add(IncidentFlagRow(incident_id=row.id, flag_id=flag_id))
    enter(
        db,
        now,
        actor,
        Action.INCIDENT_DECIDE,
        session_id,
        incident=row.id,
        category=category.value,
        hold=hold.id,
        flags=" ".join(linked),
        **words,
    )
    return row.model()


def confirm(db: Db, core: Core, actor: Actor, incident_id: str) -> Incident:
    """Another person agrees, and the incident counts. Its evidence is not due until the candidate has been
    informed and has had the whole period to appeal.

    Raises WrongState when it was answered before, Denied to who said something already, who has not looked,
    and while the session is restricted.
    """
    row = _to_answer(db, actor, incident_id)
    now = core.clock()
    _answer(row, actor, now, agrees=True)
    row.notified_at = now + NOTIFIED_AFTER
    db.flush()
    reviews.to_incident(db, row.session_id)
    told = {"incident": row.id, "notified_at": iso(row.notified_at)}
    enter(db, now, actor, Action.INCIDENT_CONFIRM, row.session_id, **told)
    _set_due_dates(db, row.session_id)
    return row.model()


def reject(db: Db, core: Core, actor: Actor, incident_id: str, reasons: str) -> Incident:
    """Another person does not agree, and says why. The second person's no calls for a third; the third's ends
    it: the hold ends, and it is no concern.

    Raises Invalid without reasons, and as `confirm`.
    """
    reasons = check_reason(reasons)
    row = _to_answer(db, actor, incident_id)
    now = core.clock()
    _answer(row, actor, now, agrees=False)
    if row.state == IncidentState.AWAITING_THIRD.value:
        row.second_reasons = reasons
        act, said = Action.INCIDENT_DISSENT, commit(row, "second_reasons")
        db.flush()
    else:
        row.third_reasons = reasons
        act, said = Action.INCIDENT_REJECT, commit(row, "third_reasons")
        db.flush()
        release(db, core, actor, row.hold_id, procedure=None)
        reviews.to_no_concern(db, now, actor, row.session_id)
    enter(db, now, actor, act, row.session_id, incident=row.id, **said)
    return row.model()


def close(db: Db, core: Core, actor: Actor, incident_id: str) -> Incident:
    """The procedure is over: the hold ends. Raises Denied to the person who decided the incident."""
    row = _locked(db, incident_id)
    check_not_restricted(db, row.session_id)
    if row.state != IncidentState.CONFIRMED.value:
        raise WrongState("Only a confirmed incident can be closed.", "Load the page again.")
    check_another({row.decided_by}, actor.id)
    row.state = IncidentState.CLOSED.value
    db.flush()
    release(db, core, actor, row.hold_id, procedure=None)
    enter(db, core.clock, actor, Action.INCIDENT_CLOSE, row.session_id, incident=row.id)
    return row.model()


def annul(db: Db, core: Core, actor: Actor, incident_id: str) -> Incident:
    """An appeal was upheld: the incident counts no more and its hold ends.

    Raises WrongState unless it counts, Denied to the person who decided it.
    """
    row = _locked(db, incident_id)
    check_standing(IncidentState(row.state))
    row.state = IncidentState.ANNULLED.value
    db.flush()
    release(db, core, actor, row.hold_id, procedure=None)
    reviews.annul(db, row.session_id)
    enter(db, core.clock, actor, Action.INCIDENT_ANNUL, row.session_id, incident=row.id)
    _set_due_dates(db, row.session_id)
    return row.model()


def amend(db: Db, core: Core, actor: Actor, incident_id: str, to: Amendment) -> Incident:
    """An appeal was upheld in part: the incident counts as another. Raises WrongState unless it counts."""
    row = _locked(db, incident_id)
    check_standing(IncidentState(row.state))
    row.category, row.severity = to.category.value, to.severity.value
    told = {"incident": row.id, "category": row.category, **commit(row, "severity")}
    db.flush()
    enter(db, core.clock, actor, Action.INCIDENT_AMEND, row.session_id, **told)
    return row.model()


def load(db: Db, incident_id: str) -> Incident:
    """Raises NotFound."""
    return _row(db, incident_id).model()


def of_session(db: Db, session_id: str) -> list[Incident]:
    """Incidents of a session, the newest first."""
    return of_sessions(db, [session_id])


def of_sessions(db: Db, session_ids: Collection[str]) -> list[Incident]:
    """Incidents of these sessions, the newest first."""
    query = select(IncidentRow).where(IncidentRow.session_id.in_(session_ids))
    return [row.model() for row in db.scalars(query.order_by(IncidentRow.decided_at.desc()))]


def count_in(db: Db, states: Collection[IncidentState]) -> int:
    """How many incidents are in one of these states, without those of restricted sessions; as
    `paging.count`."""
    return count(db, *_seen(states))


def page_of(db: Db, states: Collection[IncidentState], after: str = "") -> tuple[list[Incident], str | None]:
    """A page of the incidents, the oldest first, and the `after` of the next page. Raises NotFound when there
    is no incident `after`."""
    found = page(db, IncidentRow, *_seen(states), by=(IncidentRow.decided_at,), after=after)
    return [row.model() for row in found.rows], found.after


def _seen(states: Collection[IncidentState]) -> tuple[ColumnElement[bool], ...]:
    wanted = IncidentRow.state.in_([state.value for state in states])
    return wanted, IncidentRow.session_id.not_in(RESTRICTED)


def is_settled(db: Db, session_id: str) -> bool:
    """Whether a third person has said that an incident of the session is none."""
    return any(incident.settles for incident in of_session(db, session_id))


def linked_flags(db: Db, incident_id: str) -> list[str]:
    """Ids of the flags that show the incident."""
    query = select(IncidentFlagRow.flag_id).where(IncidentFlagRow.incident_id == incident_id)
    return list(db.scalars(query))


def _to_answer(db: Db, actor: Actor, incident_id: str) -> IncidentRow:
    row = _locked(db, incident_id)
    check_not_restricted(db, row.session_id)
    after_answer(IncidentState(row.state), agrees=True)
    check_another(row.model().said, actor.id)
    looks.check(db, actor, row.session_id, linked_flags(db, row.id))
    return row


def _answer(row: IncidentRow, actor: Actor, now: datetime, agrees: bool) -> None:
    if row.state == IncidentState.AWAITING_SECOND.value:
        row.second_by, row.second_at = actor.id, now
    else:
        row.third_by, row.third_at = actor.id, now
    row.state = after_answer(IncidentState(row.state), agrees).value


def _set_due_dates(db: Db, session_id: str) -> None:
    """The session's row is locked: whoever publishes results at this moment waits, or was first."""
    exam_id = session_row(db, session_id).exam_id
    exam = db.get_one(ExamRow, exam_id, populate_existing=True).model()
    set_due_dates(db, exam, session_id, notified_at(db, session_id))


def _locked(db: Db, incident_id: str) -> IncidentRow:
    """As it is now, and nobody else's to answer until the transaction ends."""
    session_row(db, _row(db, incident_id).session_id, lock=True)
    return db.get_one(IncidentRow, incident_id, with_for_update=True)


def _row(db: Db, incident_id: str) -> IncidentRow:
    row = db.get(IncidentRow, incident_id)
    if row is None:
        raise NotFound("There is no such incident.", "Open it from the list.")
    return row
