"""Appeals: lodged by the candidate, which holds the evidence; answered and closed by the committee, which
acts on the decision."""

from collections.abc import Collection
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.appeals.model import (
    REVIEWING,
    Appeal,
    AppealOutcome,
    AppealState,
    check_answer,
    check_impartial,
    refusal,
)
from proctoring.appeals.rows import AppealRow
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound, WrongState
from proctoring.exams.rows import ExamRow
from proctoring.holds.model import HoldKind, check_reason
from proctoring.holds.service import place, release
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment, standing
from proctoring.incidents.notified import notified_at
from proctoring.paging import count, page
from proctoring.recordings.due_dates import period_ends
from proctoring.sessions.model import OVER
from proctoring.sessions.service import CANDIDATE, session_row
from proctoring.text import message


def lodge(db: Db, core: Core, session_id: str, grounds: str, actor: Actor = CANDIDATE) -> Appeal:
    """All evidence that still exists is held from this instant. In time or not is decided by the database's
    clock, in the transaction that places the hold.

    Raises Invalid without grounds, Conflict before the exam's end and as `appeals.model.refusal` says,
    BeingErased when erasure was first.
    """
    # The lock lets one of two appeals lodged at once find the other.
    session = session_row(db, session_id, lock=True)
    if session.state not in OVER:
        raise Conflict("The exam is not over yet.", "Appeal when it has ended.", "not-over")
    grounds = check_reason(message(grounds))
    incident = standing(incidents.of_session(db, session_id))
    against = incident.id if incident else None
    exam = db.get_one(ExamRow, session.exam_id, populate_existing=True).model()
    ends_at = period_ends(exam, session, notified_at(db, session_id))
    until = ends_at.astimezone(ZoneInfo(exam.regulation.zone))
    refused = refusal(of_session(db, session_id), against, until, core.db.now(db))
    if refused is not None:
        raise refused
    hold = place(db, core, actor, session_id, HoldKind.APPEAL, reason="Appeal lodged by the candidate.")
    row = AppealRow(
        id=core.new_id(),
        session_id=session_id,
        grounds=grounds,
        state=AppealState.LODGED.value,
        lodged_at=core.clock(),
        hold_id=hold.id,
        incident_id=against,
    )
    said = commit(row, "grounds")
    db.add(row)
    db.flush()
    told = {"appeal": row.id, "hold": hold.id, "decision": against}
    enter(db, row.lodged_at, actor, Action.APPEAL_LODGE, session_id, **told, **said)
    return row.model()


def close(
    db: Db,
    core: Core,
    actor: Actor,
    appeal_id: str,
    *,
    outcome: AppealOutcome,
    answer: str,
    amendment: Amendment | None = None,
) -> Appeal:
    """Answer the candidate, end the hold, and annul or amend the decision where the outcome says so.

    Raises WrongState when it was answered before, Invalid without an answer and as `check_answer`, Denied to
    who took part in the review.
    """
    session_row(db, _row(db, appeal_id).session_id, lock=True)
    row = db.get_one(AppealRow, appeal_id, with_for_update=True)
    if row.state != AppealState.LODGED.value:
        raise WrongState("This appeal is closed already.", "Load the page again.")
    check_impartial(row.session_id in took_part(db, actor.id, [row.session_id]))
    check_answer(outcome, row.incident_id, amendment)
    row.state, row.outcome, row.answer = AppealState.CLOSED.value, outcome.value, check_reason(answer)
    now = core.clock()
    row.closed_by, row.closed_at = actor.id, now
    db.flush()
    if row.incident_id is not None and outcome is AppealOutcome.UPHELD:
        incidents.annul(db, core, actor, row.incident_id)
    if row.incident_id is not None and amendment is not None:
        incidents.amend(db, core, actor, row.incident_id, amendment)
    release(db, core, actor, row.hold_id, procedure=None)
    said = commit(row, "answer")
    told = {"appeal": row.id, "outcome": outcome.value}
    enter(db, now, actor, Action.APPEAL_CLOSE, row.session_id, **told, **said)
    return row.model()


def took_part(db: Db, person_id: str, session_ids: Collection[str]) -> set[str]:
    """Those of the sessions that this person reviewed or seconded, as the ledger tells."""
    acts = [action.value for action in REVIEWING]
    mine = EntryRow.actor == person_id, EntryRow.action.in_(acts)
    found = db.scalars(select(EntryRow.session_id).where(EntryRow.session_id.in_(session_ids), *mine))
    return {one for one in found if one is not None}


def load(db: Db, appeal_id: str) -> Appeal:
    """Raises NotFound."""
    return _row(db, appeal_id).model()


def open_of_session(db: Db, session_id: str) -> Appeal | None:
    """The newest appeal that waits for an answer, if there is one."""
    found = of_session(db, session_id)
    return next((appeal for appeal in found if appeal.state is AppealState.LODGED), None)


def lodged_among(db: Db, session_ids: Collection[str]) -> set[str]:
    """Those of the sessions of which an appeal waits for an answer."""
    waits = AppealRow.state == AppealState.LODGED.value
    return set(db.scalars(select(AppealRow.session_id).where(AppealRow.session_id.in_(session_ids), waits)))


def count_in(db: Db, state: AppealState) -> int:
    """How many appeals are in this state; as `paging.count`."""
    return count(db, AppealRow.state == state.value)


def page_of(db: Db, state: AppealState, after: str = "") -> tuple[list[Appeal], str | None]:
    """A page of the appeals in this state, and the `after` of the next page. Open appeals come oldest first,
    answered ones newest first. Raises NotFound when there is no appeal `after`."""
    closed = state is AppealState.CLOSED
    by = AppealRow.closed_at if closed else AppealRow.lodged_at
    found = page(db, AppealRow, AppealRow.state == state.value, by=(by,), after=after, newest_first=closed)
    return [row.model() for row in found.rows], found.after


def of_session(db: Db, session_id: str) -> list[Appeal]:
    """Appeals of a session, the newest first."""
    query = select(AppealRow).where(AppealRow.session_id == session_id)
    return [row.model() for row in db.scalars(query.order_by(AppealRow.lodged_at.desc()))]


def _row(db: Db, appeal_id: str) -> AppealRow:
    row = db.get(AppealRow, appeal_id)
    if row is None:
        raise NotFound("There is no such appeal.", "Open it from the list.")
    return row
