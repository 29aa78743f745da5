"""The life of a session, from invitation to its end."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import count_entries, enter
from proctoring.errors import Conflict, Invalid, NotFound
from proctoring.exams.model import LANGUAGES, Exam
from proctoring.exams.rows import ExamRow
from proctoring.exams.service import load as load_exam
from proctoring.paging import count
from proctoring.sessions.in_person import Wish, check_answer, check_wish
from proctoring.sessions.model import (
    NOT_BEGUN,
    OVER,
    OVER_VALUES,
    WINDOW_HOURS_DEFAULT,
    Schedule,
    Session,
    SessionEvent,
    SessionState,
    after,
    check_ref,
)
from proctoring.sessions.rows import SessionRow
from proctoring.summaries.service import make as make_summary
from proctoring.units.due import due_at
from proctoring.units.making import make_units

PHONE_READY_WRITTEN = timedelta(seconds=5)
WISHES_MAX = 10
"""How often one candidate may ask to sit in person, each time in other words."""
NOTICES_MAX = 20
CANDIDATE = Actor("candidate", "candidate")
_ASKED = (
    SessionRow.in_person_asked_at.is_not(None),
    SessionRow.state.in_([state.value for state in NOT_BEGUN]),
)


def create(
    db: Db,
    core: Core,
    actor: Actor,
    exam_id: str,
    ref: str,
    *,
    language: str = "en",
    window_hours: int = WINDOW_HOURS_DEFAULT,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
) -> Session:
    """Invite a candidate. The window opens at once and closes `window_hours` after the scheduled start, or
    after now.

    Raises NotFound for the exam, Invalid for a reference, a language, or an exam longer than its window.
    """
    load_exam(db, exam_id)
    ref = check_ref(ref)
    if language not in LANGUAGES:
        raise Invalid(f"There are no pages in {language!r}.", f"Give one of {', '.join(LANGUAGES)}.")
    now = core.clock()
    opens_at = max(now, schedule.starts_at or now)
    closes_at = opens_at + timedelta(hours=window_hours)
    ends_at = schedule.ends_at(opens_at)
    if ends_at is not None and ends_at > closes_at:
        raise Invalid("The exam would be longer than its window.", "Give more --window-hours.")
    row = SessionRow(
        id=core.new_id(),
        exam_id=exam_id,
        ref=ref,
        state=SessionState.INVITED.value,
        language=language,
        created_at=now,
        closes_at=closes_at,
        starts_at=schedule.starts_at,
        minutes=schedule.minutes,
        extra_minutes=schedule.extra_minutes,
    )
    db.add(row)
    db.flush()
    make_summary(db, row.id, exam_id)
    enter(
        db,
        now,
        actor,
        Action.SESSION_CREATE,
        row.id,
        exam=exam_id,
        language=language,
        closes_at=iso(closes_at),
        **commit(row, "ref", "starts_at", "minutes", "extra_minutes"),
    )
    return row.model()


def load(db: Db, session_id: str) -> Session:
    """Raises NotFound."""
    return session_row(db, session_id).model()


def over(db: Db, session_ids: Collection[str]) -> set[str]:
    """Which of these sessions record no more."""
    ended = SessionRow.state.in_(OVER_VALUES)
    return set(db.scalars(select(SessionRow.id).where(SessionRow.id.in_(session_ids), ended)))


def session_row(db: Db, session_id: str, lock: bool = False) -> SessionRow:
    """The session's row; with `lock` as it is now, and nobody else's to lock until the transaction ends.

    Whatever moves a session, its takes or its decisions locks the row first. Raises NotFound.
    """
    row = db.get(SessionRow, session_id, with_for_update=lock or None)
    if row is None:
        raise unknown_session(session_id)
    return row


def unknown_session(session_id: str) -> NotFound:
    """The error for an id that no session has."""
    return NotFound(f"There is no session {session_id}.", "Check the link or the id.")


def exam_of(db: Db, session: Session) -> Exam:
    """The exam that the session belongs to."""
    return load_exam(db, session.exam_id)


def admit(
    db: Db,
    core: Core,
    session_id: str,
    notice_version: str | None = None,
    *,
    notice_text: str | None = None,
    language: str | None = None,
    actor: Actor = CANDIDATE,
) -> Session:
    """The candidate has seen the notice (kept with the session), or a publisher came with a token. Of a
    notice shown again in another language, the last counts; after NOTICES_MAX the previous one stays.

    Makes the evidence units and their keys, once. Raises WrongState when the session is over or running.
    Raises Unavailable when there is no key to seal to: then nothing was made, and the same call later makes
    it.
    """
    row = session_row(db, session_id, lock=True)
    state = SessionState(row.state)
    row.state = after(state, SessionEvent.ADMIT).value
    given = row.notice_version, row.notice_text, row.language
    if notice_version is not None:
        row.notice_version, row.notice_text = notice_version, notice_text
    if language is not None:
        row.language = language
    if state is SessionState.INVITED:
        _enter_admission(db, core, actor, Action.SESSION_ADMIT, row, **_make_units(db, core, row))
    elif given != (row.notice_version, row.notice_text, row.language):
        if count_entries(db, row.id, Action.SESSION_NOTICE) < NOTICES_MAX:
            _enter_admission(db, core, actor, Action.SESSION_NOTICE, row)
        else:
            row.notice_version, row.notice_text, row.language = given
    db.flush()
    return row.model()


def phone_ready(db: Db, core: Core, session_id: str) -> None:
    """The paired phone has its camera on and waits for the start. It says so every few seconds; written down
    once in PHONE_READY_WRITTEN, and no more when the session is over."""
    row, now = session_row(db, session_id), core.clock()
    told_at = row.phone_ready_at
    if SessionState(row.state) in OVER or (told_at is not None and now - told_at < PHONE_READY_WRITTEN):
        return
    row.phone_ready_at = now


def ask_in_person(db: Db, core: Core, session_id: str, wish: str) -> None:
    """The candidate asks to sit the exam in person instead; asked again, the last words count. The same words
    again change nothing.

    Raises Conflict once the recording has begun, and after WISHES_MAX; Invalid for a wish that runs on.
    """
    row = session_row(db, session_id, lock=True)
    if SessionState(row.state) not in NOT_BEGUN:
        raise Conflict("The exam has begun, or is over.", "Call the exam body.", "begun-or-over")
    wish, now = check_wish(wish), core.clock()
    if row.in_person_wish == wish:
        return
    if count_entries(db, session_id, Action.SESSION_IN_PERSON) >= WISHES_MAX:
        raise Conflict("You have changed your request many times.", "Call the exam body.", "many-wishes")
    row.in_person_asked_at, row.in_person_wish = now, wish
    enter(db, now, CANDIDATE, Action.SESSION_IN_PERSON, session_id, **commit(row, "in_person_wish"))


def answer_in_person(
    db: Db, core: Core, actor: Actor, session_id: str, *, sits_at: datetime | None, answer: str
) -> None:
    """The exam body's answer, which the candidate reads on their page: a date to sit in person (`sits_at`),
    or the reason for none. The last one counts.

    Raises NotFound, and what `check_answer` raises.
    """
    row, now = session_row(db, session_id, lock=True), core.clock()
    begun = SessionState(row.state) not in NOT_BEGUN
    words = check_answer(row.in_person_asked_at, begun, sits_at, answer, now)
    row.in_person_sits_at, row.in_person_answer = sits_at, words
    row.in_person_answered_at, row.in_person_answered_by = now, actor.id
    enter(
        db,
        now,
        actor,
        Action.SESSION_IN_PERSON_ANSWER,
        session_id,
        sits_at=iso(sits_at) if sits_at else None,
        **commit(row, "in_person_answer"),
    )


def wish_of(db: Db, session_id: str) -> Wish | None:
    """The session's wish to sit in person, with its answer. Raises NotFound for the session."""
    row = session_row(db, session_id)
    exam = load_exam(db, row.exam_id)
    return row.wish(exam.title, exam.regulation.zone)


def asked_in_person(db: Db) -> list[Wish]:
    """Of candidates who have not begun: those who wait for an answer first, then who asked first."""
    query = select(SessionRow, ExamRow).join(ExamRow, ExamRow.id == SessionRow.exam_id)
    found = [row.wish(exam.title, exam.zone) for row, exam in db.execute(query.where(*_ASKED))]
    return sorted((one for one in found if one), key=lambda one: (not one.waits, one.asked_at))


def count_wishes(db: Db) -> int:
    """How many of them wait for an answer; as `paging.count`."""
    answered_at = SessionRow.in_person_answered_at
    return count(db, *_ASKED, or_(answered_at.is_(None), answered_at < SessionRow.in_person_asked_at))


def _enter_admission(db: Db, core: Core, actor: Actor, action: Action, row: SessionRow, **units: str) -> None:
    notice = {"notice": row.notice_version, "language": row.language, **commit(row, "notice_text")}
    enter(db, core.clock, actor, action, row.id, **notice, **units)


def _make_units(db: Db, core: Core, row: SessionRow) -> dict[str, str]:
    exam = load_exam(db, row.exam_id)
    latest = due_at(exam.regulation, row.closes_at, exam.results_published_at)
    return make_units(db, core, row.id, exam.profile, latest)
