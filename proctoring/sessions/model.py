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
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.errors import Conflict, Invalid, WrongState
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.text import line

REF_CHARS_MAX = 64
WINDOW_HOURS_DEFAULT = 168
WINDOW_HOURS_MAX = 8784  # a year
MINUTES_MAX = 24 * 60
LINE_AHEAD_MAX = timedelta(seconds=2)
"""By so much at most the time line begins before the first frame."""


class SessionState(StrEnum):
    INVITED = "invited"
    ADMITTED = "admitted"
    RECORDING = "recording"
    ENDED = "ended"
    EXPIRED = "expired"


NOT_BEGUN = (SessionState.INVITED, SessionState.ADMITTED)
OVER = (SessionState.ENDED, SessionState.EXPIRED)
OVER_VALUES = tuple(state.value for state in OVER)  # as the database has them


class SessionEvent(StrEnum):
    ADMIT = "admit"
    BEGIN = "begin"
    FINISH = "finish"
    EXPIRE = "expire"


class EndReason(StrEnum):
    """Why a proctor ended a session. Closed words: the candidate reads them in their own language."""

    GONE = "gone"
    HANDED_IN = "handed-in"
    ASKED = "asked"
    TECHNICAL = "technical"
    RULES = "rules"


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
        detail = f"The session is {state.value}; {event.value} is not possible."
        raise WrongState(detail, remedy, "other-state") from None


def check_end(state: SessionState, reason: EndReason, gone_since: datetime | None) -> None:
    """Whether a proctor may end a session for this reason. Only one that records: before, the candidate just
    does not come. *gone* only while the candidate is. Raises WrongState, Conflict."""
    if state is not SessionState.RECORDING:
        raise WrongState(f"The session is {state.value}.", "Only a session that records can be ended.")
    if reason is EndReason.GONE and gone_since is None:
        raise Conflict("The candidate is being recorded.", "Give another reason, or look again.")


IDENTITY_CARD = "identity"


def needed_to_begin(state: SessionState, profile: CaptureProfile) -> tuple[str, ...]:
    """What the computer's page has to have before it records. At first everything; of a session that records
    already only the computer's own streams: a phone that is lost holds up nothing else."""
    if state is SessionState.RECORDING:
        return tuple(stream.value for stream in profile.streams if stream is not Stream.PHONE)
    card = (IDENTITY_CARD,) if profile.identity_copy else ()
    return (*(stream.value for stream in profile.streams), *card)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one candidate's exam begins and how long it takes; nothing in it is required.

    `extra_minutes` is what this candidate is given on top of the exam's `minutes`, as an accommodation.
    """

    starts_at: datetime | None = None
    minutes: int | None = None
    extra_minutes: int = 0

    def __post_init__(self) -> None:
        if self.minutes is not None and not 0 < self.minutes <= MINUTES_MAX:
            raise Invalid(f"An exam of {self.minutes} minutes is not possible.", f"Give 1 to {MINUTES_MAX}.")
        if not 0 <= self.extra_minutes <= MINUTES_MAX:
            raise Invalid(
                f"{self.extra_minutes} extra minutes are not possible.", f"Give 0 to {MINUTES_MAX}."
            )
        if self.extra_minutes and self.minutes is None:
            raise Invalid("Extra time needs a duration that it is added to.", "Give --minutes too.")

    def ends_at(self, began_at: datetime | None) -> datetime | None:
        """When the candidate's time is over: counted from the scheduled start, else from when they began.
        None while that is not known, or where no duration was set."""
        start = self.starts_at or began_at
        if start is None or self.minutes is None:
            return None
        return start + timedelta(minutes=self.minutes + self.extra_minutes)


def filming_began(started_at: datetime | None) -> datetime | None:
    """The latest possible time of the first frame. The candidate's own time counts from it, so the time
    line's earlier start takes no second from the candidate."""
    return started_at and started_at + LINE_AHEAD_MAX


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
    schedule: Schedule = Schedule()


def check_ref(ref: str) -> str:
    """The candidate's reference as it is kept. Raises Invalid for one that `text.line` refuses."""
    return line(ref, "the candidate's reference", REF_CHARS_MAX)
