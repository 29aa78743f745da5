"""The life of a session, from invitation to its end."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.apart import apart, failed_apart
from proctoring.custody.committed import commit
from proctoring.custody.model import SYSTEM, Action, Actor
from proctoring.custody.service import count_entries, enter, entries
from proctoring.errors import Conflict, Invalid, NotFound, Unavailable
from proctoring.exams.model import LANGUAGES, Exam
from proctoring.exams.rows import ExamRow
from proctoring.exams.service import load as load_exam
from proctoring.holds.service import check_not_restricted
from proctoring.recordings import open_takes
from proctoring.sessions.ends import end
from proctoring.sessions.in_person import Wish, check_answer, check_wish
from proctoring.sessions.model import (
    NOT_BEGUN,
    OVER,
    OVER_VALUES,
    WINDOW_HOURS_DEFAULT,
    EndReason,
    Schedule,
    Session,
    SessionEvent,
    SessionState,
    after,
    check_end,
    check_ref,
)
from proctoring.sessions.rows import SessionRow
from proctoring.units.due import due_at
from proctoring.units.keys import commitment
from proctoring.units.model import UnitKind, UnitState, unit_kinds
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, KeyServiceFailed
from storage.keys.unit_tags import UnitPublicKey
from storage.proofs.manifest import GENESIS
from storage.seal import SealedUnitKey

PHONE_READY_WRITTEN = timedelta(seconds=5)
WISHES_MAX = 10
"""How often one candidate may ask to sit in person, each time in other words."""
NOTICES_MAX = 20
CANDIDATE = Actor("candidate", "candidate")


def create(
    db: Db,
    core: Core,
    actor: Actor,
    exam_id: str,
    ref: str,
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
        raise NotFound(f"There is no session {session_id}.", "Check the link or the id.")
    return row


def exam_of(db: Db, session: Session) -> Exam:
    """The exam that the session belongs to."""
    return load_exam(db, session.exam_id)


def admit(
    db: Db,
    core: Core,
    session_id: str,
    notice_version: str | None = None,
    notice_text: str | None = None,
    language: str | None = None,
    actor: Actor = CANDIDATE,
) -> Session:
    """The candidate has seen the notice (kept with the session), or a publisher came with a token. Of one
    that is shown again, in another language, the last counts; after NOTICES_MAX of them the one before stays.

    Makes the evidence units and their keys, once. Raises WrongState when the session is over or running,
    Unavailable when there is no key to seal to: then nothing was made, and the same call later makes it.
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


def finish(db: Db, core: Core, session_id: str, actor: Actor = CANDIDATE) -> Session:
    """End the session; harmless to repeat. What its publishers still hold arrives, then it is retained."""
    row = session_row(db, session_id, lock=True)
    return end(db, core, row, SessionEvent.FINISH, Action.SESSION_FINISH, actor)


def end_by_proctor(db: Db, core: Core, session_id: str, reason: EndReason, actor: Actor) -> Session:
    """End a session that records, for a reason that the ledger tells and the candidate reads. Of a candidate
    who is gone, the exam ended with what is stored. Raises WrongState, Conflict (`check_end`), Denied."""
    row = session_row(db, session_id, lock=True)
    check_not_restricted(db, session_id)
    since = open_takes.gone(db, [session_id], core.clock()).get(session_id)
    check_end(SessionState(row.state), reason, since)
    left = since is not None
    return end(db, core, row, SessionEvent.FINISH, Action.SESSION_FINISH, actor, left, reason=reason.value)


def end_reason(db: Db, session_id: str) -> EndReason | None:
    """Why a proctor ended the session; None where nobody did."""
    told = (one.detail.get("reason") for one in entries(db, session_id, action=Action.SESSION_FINISH))
    return next((EndReason(str(reason)) for reason in told if reason), None)


def expire_overdue(db: Db, core: Core) -> int:
    """End every session whose window has closed; how many. One that cannot be read keeps no other."""
    living = (SessionState.INVITED.value, SessionState.ADMITTED.value, SessionState.RECORDING.value)
    overdue = select(SessionRow.id).where(SessionRow.state.in_(living), SessionRow.closes_at <= core.clock())
    ids = list(db.scalars(overdue.order_by(SessionRow.id).with_for_update(skip_locked=True)))
    for session_id in ids:
        with apart(db, session_id):
            row = session_row(db, session_id)
            end(db, core, row, SessionEvent.EXPIRE, Action.SESSION_EXPIRE, SYSTEM, left=True)
    return len(set(ids) - failed_apart(db))


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
    db: Db, core: Core, actor: Actor, session_id: str, sits_at: datetime | None, answer: str
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
    before = SessionRow.state.in_([state.value for state in NOT_BEGUN])
    query = select(SessionRow, ExamRow).join(ExamRow, ExamRow.id == SessionRow.exam_id)
    asked = query.where(SessionRow.in_person_asked_at.is_not(None), before)
    found = [row.wish(exam.title, exam.zone) for row, exam in db.execute(asked)]
    return sorted((one for one in found if one), key=lambda one: (not one.waits, one.asked_at))


def _enter_admission(db: Db, core: Core, actor: Actor, action: Action, row: SessionRow, **units: str) -> None:
    notice = {"notice": row.notice_version, "language": row.language, **commit(row, "notice_text")}
    enter(db, core.clock, actor, action, row.id, **notice, **units)


def _make_units(db: Db, core: Core, row: SessionRow) -> dict[str, str]:
    """What the ledger says of them: the id of each unit by its kind, and the hash of its public half."""
    made: dict[str, str] = {}
    exam = load_exam(db, row.exam_id)
    latest = due_at(exam.regulation, row.closes_at, exam.results_published_at)
    for kind in unit_kinds(exam.profile):
        unit_id = core.new_id()
        key, public = _new_key(core, row.id, unit_id, kind)
        made |= commitment(public)
        db.add(
            UnitRow(
                id=unit_id,
                session_id=row.id,
                kind=kind.value,
                state=UnitState.OPEN.value,
                public_key=key.public,
                key_tag=public.tag,
                sealed_private_key=key.sealed_private,
                kek_epoch=key.epoch,
                active_holds=0,
                due_at=latest,
                manifest_size=0,
                manifest_head=GENESIS,
            )
        )
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
