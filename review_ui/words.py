"""The words that pages use for the core's closed vocabularies. English is the msgid."""

from enum import Enum

from proctoring.access.model import Role
from proctoring.appeals.model import AppealOutcome, AppealState
from proctoring.custody.model import Action
from proctoring.exams.model import Stream
from proctoring.holds.model import HoldKind
from proctoring.incidents.model import IncidentState
from proctoring.recordings.events import Log
from proctoring.recordings.model import EndCause, GapReason, UnitState
from proctoring.reviews.model import Category, FlagSource, FlagState, ReviewState, Severity
from proctoring.sessions.model import SessionState
from proctoring.signals.model import SignalKind
from proctoring.spools.model import Trouble

# Members of different vocabularies may be equal strings, so the type belongs to the key.
_WORDS: dict[tuple[type[Enum], Enum], str] = {
    (Stream, Stream.SCREEN): "Screen",
    (Stream, Stream.WEBCAM): "Webcam",
    (Stream, Stream.PHONE): "Phone",
    (Log, Log.ACTIVITY): "Activity",
    (Log, Log.ANSWERS): "Answers",
    (Role, Role.PROCTOR): "proctor",
    (Role, Role.COMMITTEE): "appeals committee",
    (Role, Role.PRIVACY_OFFICER): "privacy officer",
    (Role, Role.EXAM_ADMIN): "exam administrator",
    (Role, Role.AUDITOR): "auditor",
    (Role, Role.OPERATOR): "operator",
    (SessionState, SessionState.INVITED): "Invited",
    (SessionState, SessionState.ADMITTED): "Admitted",
    (SessionState, SessionState.RECORDING): "Recording now",
    (SessionState, SessionState.ENDED): "Ended",
    (SessionState, SessionState.EXPIRED): "Window closed",
    (ReviewState, ReviewState.TO_REVIEW): "To review",
    (ReviewState, ReviewState.IN_REVIEW): "In review",
    (ReviewState, ReviewState.SECOND_PERSON): "With a second person",
    (ReviewState, ReviewState.NO_CONCERN): "No concern",
    (ReviewState, ReviewState.INCIDENT): "Incident",
    (FlagSource, FlagSource.RULE): "rule",
    (FlagSource, FlagSource.PROCTOR): "proctor",
    (FlagSource, FlagSource.CANDIDATE): "candidate",
    (FlagState, FlagState.OPEN): "open",
    (FlagState, FlagState.CONFIRMED): "confirmed",
    (FlagState, FlagState.DISMISSED): "dismissed",
    (Category, Category.UNAUTHORISED_AID): "Unauthorised aid",
    (Category, Category.HELP_BY_OTHERS): "Help by another person",
    (Category, Category.OTHER_PERSON): "Someone else sat the exam",
    (Category, Category.LEFT_THE_ROOM): "Left the room",
    (Category, Category.RECORDING_ENDED): "Recording ended",
    (Category, Category.TECHNICAL): "Technical",
    (Category, Category.OTHER): "Something else",
    (Severity, Severity.MINOR): "minor",
    (Severity, Severity.MAJOR): "major",
    (Severity, Severity.SEVERE): "severe",
    (IncidentState, IncidentState.AWAITING_SECOND): "Waits for a second person",
    (IncidentState, IncidentState.CONFIRMED): "Confirmed",
    (IncidentState, IncidentState.REJECTED): "Not agreed",
    (IncidentState, IncidentState.CLOSED): "Closed",
    (AppealState, AppealState.LODGED): "Open",
    (AppealState, AppealState.CLOSED): "Answered",
    (AppealOutcome, AppealOutcome.UPHELD): "The candidate is right",
    (AppealOutcome, AppealOutcome.REFUSED): "The decision stands",
    (AppealOutcome, AppealOutcome.WITHDRAWN): "Withdrawn by the candidate",
    (HoldKind, HoldKind.INCIDENT): "incident",
    (HoldKind, HoldKind.APPEAL): "appeal",
    (HoldKind, HoldKind.LEGAL): "legal",
    (HoldKind, HoldKind.RESTRICTION): "restriction",
    (UnitState, UnitState.OPEN): "may still arrive",
    (UnitState, UnitState.RETAINED): "kept",
    (UnitState, UnitState.ERASING): "being erased",
    (UnitState, UnitState.ERASED): "erased",
    (GapReason, GapReason.NETWORK): "network",
    (GapReason, GapReason.DEVICE): "device",
    (GapReason, GapReason.CANDIDATE): "candidate's action",
    (GapReason, GapReason.SERVER): "our server",
    (SignalKind, SignalKind.DARK): "Dark picture",
    (SignalKind, SignalKind.COVERED): "Picture without detail",
    (SignalKind, SignalKind.FROZEN): "Picture stands still",
    (SignalKind, SignalKind.NO_FACE): "No face in the picture",
    (SignalKind, SignalKind.SEVERAL_FACES): "Several faces in the picture",
    (SignalKind, SignalKind.SCREEN_CHANGED): "Screen changed",
    (SignalKind, SignalKind.SILENCE): "Silence",
    (SignalKind, SignalKind.SPEECH_LEVEL): "As loud as speech",
    (Trouble, Trouble.DISK_FULL): "its disk has less free space than its reserve",
    (Trouble, Trouble.SPOOL_FULL): "its spool is full",
    (Trouble, Trouble.UNWRITABLE): "its disk refuses what is written",
    (EndCause, EndCause.STOPPED): "stopped",
    (EndCause, EndCause.SHARING_ENDED): "sharing ended",
    (EndCause, EndCause.DEVICE_LOST): "device lost",
    (EndCause, EndCause.CONNECTION_LOST): "connection lost",
    (EndCause, EndCause.REPLACED): "connected again",
    (EndCause, EndCause.MEDIA_BROKEN): "media unreadable",
    (EndCause, EndCause.SERVER_STOPPED): "server stopped",
    (EndCause, EndCause.STORE_FAILED): "store away",
    (EndCause, EndCause.SESSION_ENDED): "session ended",
    (EndCause, EndCause.NOT_BEGUN): "not begun yet",
    (EndCause, EndCause.NO_KEYFRAME): "no complete picture came",
    (EndCause, EndCause.NOT_STORABLE): "cannot be stored as sent",
    (EndCause, EndCause.SOUND_LOST): "sound lost on the way",
    (EndCause, EndCause.SOUND_MISSING): "no sound from the microphone",
}

_ACTIONS = {
    "exam:create": "Exam set up",
    "exam:publish-results": "Results published",
    "session:create": "Candidate invited",
    "session:admit": "Notice seen, admitted",
    "session:notice": "Notice shown again",
    "session:begin": "Recording began",
    "session:finish": "Session ended",
    "session:expire": "Window closed",
    "session:in-person": "Asked to sit in person",
    "help:ask": "Candidate asked for help",
    "help:take": "A proctor took a call",
    "help:answer": "Candidate was answered",
    "help:end": "Candidate is back",
    "take:begin": "Take began",
    "take:end": "Take ended",
    "gap:record": "Gaps written down",
    "evidence:retain": "Closed; nothing more is added",
    "evidence:view": "Looked at the recording",
    "evidence:export": "Evidence package made",
    "flag:add": "Flag raised",
    "flag:decide": "Flag looked at",
    "flag:lengthen": "Flag reaches further",
    "identity:check": "Identity card compared",
    "review:claim": "Claimed for review",
    "review:release": "Given back to the queue",
    "review:decide": "No concern",
    "incident:decide": "Incident decided",
    "incident:confirm": "Second person agreed",
    "incident:reject": "Second person did not agree",
    "incident:close": "Incident closed",
    "appeal:lodge": "Appeal lodged",
    "appeal:close": "Appeal answered",
    "hold:place": "Hold placed",
    "hold:release": "Hold released",
    "evidence:erase": "Erasure began: key destroyed",
    "evidence:erased": "Erased, absence verified",
    "user:add": "Staff member added",
    "user:link": "Sign-in link made",
    "login:begin": "Signed in",
}


def word(value: Enum) -> str:
    """The English word for a value of a closed vocabulary, to be translated by the template."""
    if isinstance(value, Action):
        return _ACTIONS.get(value.value, value.value)
    return _WORDS.get((type(value), value), str(value.value))
