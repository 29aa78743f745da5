"""Asked by the candidate, answered by a proctor; each a line of the ledger, without its words."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import ms_between
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound
from proctoring.exams.rows import ExamRow
from proctoring.flags.service import lengthen, raise_by_candidate
from proctoring.help.model import CATEGORIES, REQUESTS_MAX, Call, HelpKind, HelpRequest, check_text
from proctoring.help.rows import HelpRow
from proctoring.help.summary import CALLS
from proctoring.holds.service import check_not_restricted
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import CANDIDATE, session_row
from proctoring.summaries.service import changed

UNDER_WAY = (SessionState.ADMITTED.value, SessionState.RECORDING.value)


def ask(db: Db, core: Core, session_id: str, kind: HelpKind, text: str) -> HelpRequest:
    """Record the candidate's message. Once the time line has begun it is also their flag there.

    Raises Invalid. Raises Conflict when the session is over, REQUESTS_MAX were made, or the candidate's
    earlier message that they leave the room is still open.
    """
    session = session_row(db, session_id, lock=True)
    if session.state not in UNDER_WAY:
        raise Conflict("The session is not under way.", "Call the exam body.", "not-under-way")
    text = check_text(kind, text)
    made = db.scalar(select(func.count()).select_from(HelpRow).where(HelpRow.session_id == session_id)) or 0
    if made >= REQUESTS_MAX:
        raise Conflict("You have sent many messages.", "Call the exam body.", "many-messages")
    if kind is HelpKind.AWAY and _away(db, session_id) is not None:
        raise Conflict("You have said already that you are away.", "Say when you are back.", "away-already")
    now = core.clock()
    flag_id = None
    if session.started_at is not None:
        at_ms = max(0, ms_between(session.started_at, now))
        flag_id = raise_by_candidate(
            db, core, CANDIDATE, session_id, at_ms=at_ms, category=CATEGORIES[kind], note=text
        ).id
    row = HelpRow(
        id=core.new_id(), session_id=session_id, kind=kind.value, text=text, asked_at=now, flag_id=flag_id
    )
    said = commit(row, "text")
    db.add(row)
    db.flush()
    changed(db, session_id, CALLS)
    enter(db, now, CANDIDATE, Action.HELP_ASK, session_id, help=row.id, kind=kind.value, flag=flag_id, **said)
    return row.model()


def back(db: Db, core: Core, session_id: str) -> None:
    """The candidate is back; their flag reaches until now. Does nothing when they did not leave."""
    session = session_row(db, session_id, lock=True)
    row = _away(db, session_id)
    if row is None:
        return
    row.ended_at = core.clock()
    changed(db, session_id, CALLS)
    enter(db, row.ended_at, CANDIDATE, Action.HELP_END, session_id, help=row.id)
    if row.flag_id is not None and session.started_at is not None:
        lengthen(db, core, row.flag_id, ms_between(session.started_at, row.ended_at))


def take(db: Db, core: Core, actor: Actor, request_id: str) -> HelpRequest:
    """A proctor says to answer, for colleagues to see; TAKEN_FOR long, then it is anybody's again.

    Raises NotFound, and Conflict when it was answered or a colleague is answering it.
    """
    row, now = _unanswered(db, request_id), core.clock()
    if row.model().answering(now) not in (None, actor.id):
        raise Conflict("A colleague is answering this.", "Help the next one.")
    row.taken_by, row.taken_at = actor.id, now
    enter(db, now, actor, Action.HELP_TAKE, row.session_id, help=row.id)
    return row.model()


def answer(db: Db, core: Core, actor: Actor, request_id: str, text: str) -> HelpRequest:
    """A proctor answers, for the candidate to read. Raises NotFound, Invalid, Conflict the second time."""
    row = _unanswered(db, request_id)
    row.answer, row.answered_by = check_text(HelpKind.HELP, text), actor.id
    changed(db, row.session_id, CALLS)
    now = core.clock()
    if row.kind == HelpKind.HELP.value:
        row.ended_at = now
    enter(db, now, actor, Action.HELP_ANSWER, row.session_id, help=row.id, **commit(row, "answer"))
    return row.model()


def of_session(db: Db, session_id: str) -> list[HelpRequest]:
    """All requests of a session, the newest first."""
    query = select(HelpRow).where(HelpRow.session_id == session_id)
    return [row.model() for row in db.scalars(query.order_by(HelpRow.asked_at.desc(), HelpRow.id))]


def calls(db: Db, limit: int) -> tuple[list[Call], int]:
    """Unanswered calls for help of sessions under way: the oldest `limit`, and how many in all."""
    query = (
        select(HelpRow, SessionRow.ref, ExamRow.zone, func.count().over())
        .join(SessionRow, SessionRow.id == HelpRow.session_id)
        .join(ExamRow, ExamRow.id == SessionRow.exam_id)
        .where(HelpRow.ended_at.is_(None), HelpRow.answer.is_(None), HelpRow.kind == HelpKind.HELP.value)
        .where(SessionRow.state.in_(UNDER_WAY))
        .order_by(HelpRow.asked_at, HelpRow.id)
        .limit(limit)
    )
    found = db.execute(query).all()
    waiting_ones = [Call(row.model(), ref, zone) for row, ref, zone, _ in found]
    return waiting_ones, found[0][3] if found else 0


def _unanswered(db: Db, request_id: str) -> HelpRow:
    row = db.get(HelpRow, request_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such request.", "Load the page again.")
    if row.answer is not None:
        raise Conflict("This was answered already.", "Load the page again.")
    if session_row(db, row.session_id).state not in UNDER_WAY:
        # Who calls during the exam asks to be heard; afterwards messages are closed like all the rest.
        check_not_restricted(db, row.session_id)
    return row


def _away(db: Db, session_id: str) -> HelpRow | None:
    mine = HelpRow.session_id == session_id, HelpRow.kind == HelpKind.AWAY.value
    return db.scalar(select(HelpRow).where(*mine, HelpRow.ended_at.is_(None)))
