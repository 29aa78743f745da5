"""The life of a session: one candidate sitting one exam.

    state      admit      begin       finish     expire
    invited    admitted   –           ended      expired
    admitted   admitted   recording   ended      ended
    recording  –          recording   ended      ended
    ended      –          –           ended      –
    expired    –          –           –          –

`admit`: the candidate has seen the notice, or a publisher came with an ingest token; evidence units and
their keys are made. `begin`: the first take starts, and with it the session's time line. `expire`: the
time window closed. A cell with – refuses the event with `WrongState`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.errors import WrongState

REF_CHARS_MAX = 64
WINDOW_HOURS_DEFAULT = 168


class SessionState(StrEnum):
    INVITED = "invited"
    ADMITTED = "admitted"
    RECORDING = "recording"
    ENDED = "ended"
    EXPIRED = "expired"


class SessionEvent(StrEnum):
    ADMIT = "admit"
    BEGIN = "begin"
    FINISH = "finish"
    EXPIRE = "expire"


_S, _E = SessionState, SessionEvent
TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (_S.INVITED, _E.ADMIT): _S.ADMITTED,
    (_S.INVITED, _E.FINISH): _S.ENDED,
    (_S.INVITED, _E.EXPIRE): _S.EXPIRED,
    (_S.ADMITTED, _E.ADMIT): _S.ADMITTED,
    (_S.ADMITTED, _E.BEGIN): _S.RECORDING,
    (_S.ADMITTED, _E.FINISH): _S.ENDED,
    (_S.ADMITTED, _E.EXPIRE): _S.ENDED,
    (_S.RECORDING, _E.BEGIN): _S.RECORDING,
    (_S.RECORDING, _E.FINISH): _S.ENDED,
    (_S.RECORDING, _E.EXPIRE): _S.ENDED,
    (_S.ENDED, _E.FINISH): _S.ENDED,
}

_REMEDIES = {
    SessionState.ENDED: "The exam is over; nothing more is recorded. Ask the exam body for a new session.",
    SessionState.EXPIRED: "The time window has passed. Ask the exam body for a new invitation.",
}


def after(state: SessionState, event: SessionEvent) -> SessionState:
    """The state that follows. Raises WrongState where the table has no arrow."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        remedy = _REMEDIES.get(state, "Open the invitation link first.")
        raise WrongState(f"The session is {state.value}; {event.value} is not possible.", remedy) from None


@dataclass(frozen=True, slots=True)
class Session:
    """One candidate sitting one exam. `ref` is the exam body's own reference, never a name."""

    id: str
    exam_id: str
    ref: str
    state: SessionState
    language: str
    created_at: datetime
    closes_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
