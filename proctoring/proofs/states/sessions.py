"""Sessions: the states of `proctoring.sessions.model`, when they began and ended, which notice was given."""

from proctoring.custody.model import Action, Entry
from proctoring.proofs.model import UNTOLD, Told, given
from proctoring.sessions.model import SessionState

TABLE = "sessions"


def fold(told: Told, entry: Entry) -> None:
    """What this entry tells of its session."""
    row = entry.session_id
    match entry.action:
        case Action.SESSION_CREATE:
            told.tell(
                entry,
                TABLE,
                row,
                state=SessionState.INVITED.value,
                created_at=told.at(entry),
                started_at=None,
                ended_at=None,
                notice_version=None,
                notice_text=None,
                in_person_asked_at=None,
                in_person_wish=None,
                in_person_sits_at=None,
                in_person_answer=None,
                in_person_answered_at=None,
                in_person_answered_by=None,
                **given(entry, "language", "closes_at", exam_id="exam"),
            )
        case Action.SESSION_ADMIT | Action.SESSION_NOTICE:
            # Before notices were committed to, one that was shown again was told by nothing.
            shown = given(entry, "language", notice_version="notice")
            if "language" not in entry.detail:
                shown = {"language": UNTOLD, "notice_version": UNTOLD}
            told.tell(entry, TABLE, row, notice_text=UNTOLD, **shown)
            if entry.action is Action.SESSION_ADMIT:
                told.tell(entry, TABLE, row, state=SessionState.ADMITTED.value)
        case Action.SESSION_BEGIN:
            told.tell(entry, TABLE, row, state=SessionState.RECORDING.value, **given(entry, "started_at"))
        case Action.SESSION_FINISH | Action.SESSION_EXPIRE:
            invited = told.value(TABLE, str(row), "state") == SessionState.INVITED.value
            expired = invited and entry.action is Action.SESSION_EXPIRE
            state = SessionState.EXPIRED if expired else SessionState.ENDED
            told.tell(entry, TABLE, row, state=state.value, **given(entry, "ended_at"))
            if entry.action is Action.SESSION_FINISH and "ended_at" not in entry.detail:
                told.tell(entry, TABLE, row, ended_at=told.at(entry))
        case Action.SESSION_IN_PERSON:
            told.tell(entry, TABLE, row, in_person_asked_at=told.at(entry), in_person_wish=UNTOLD)
        case Action.SESSION_IN_PERSON_ANSWER:
            told.tell(
                entry,
                TABLE,
                row,
                in_person_answer=UNTOLD,
                in_person_answered_at=told.at(entry),
                in_person_answered_by=entry.actor,
                **given(entry, in_person_sits_at="sits_at"),
            )
