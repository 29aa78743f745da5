"""Facts that a candidate may read about their own recording (P17), and the rules for showing them.

Pure. Roles only, never a name; a decision is shown once two people have made it, not before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from proctoring.appeals.model import Appeal, AppealState, refusal
from proctoring.custody.model import Action, Entry
from proctoring.disclosures.model import Given
from proctoring.exams.model import CountFrom, Exam
from proctoring.help.model import HelpRequest
from proctoring.holds.model import Hold
from proctoring.incidents.model import Incident
from proctoring.reviews.model import Review, ReviewState
from proctoring.sessions.model import OVER, EndReason, Session, SessionState
from proctoring.units.model import LIVING, UnitKind, UnitState

LOOK_WINDOW = timedelta(minutes=15)


class ReviewOutcome(StrEnum):
    """State of the review, in the words for the candidate."""

    RUNNING = "running"
    NOTHING_RECORDED = "nothing-recorded"
    NOT_REVIEWED = "not-reviewed"
    SECOND_PERSON = "second-person"
    NO_CONCERN = "no-concern"
    INCIDENT = "incident"
    ANNULLED = "annulled"


@dataclass(frozen=True, slots=True)
class Stored:
    """One evidence unit. `held_by` is empty when nothing keeps it beyond `due_at`; `entries`: of a log."""

    kind: UnitKind
    state: UnitState
    recorded_ms: int
    entries: int | None
    pieces: int
    due_at: datetime
    held_by: tuple[Hold, ...]
    erased_at: datetime | None
    certificate_id: str | None

    @property
    def exists(self) -> bool:
        """Whether anything can still be seen of it: its key is there."""
        return self.state in LIVING


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked: in which role, at which streams, and what for."""

    at: datetime
    role: str
    streams: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class OwnRecording:
    """Everything on the candidate's page, read at one instant (`now`).

    `texts`: how many texts of people about the session are left. `texts_until`: when they are erased, None
    while nobody knows. `decided`: whether a decision keeps them. `record_erased_at`: when the record was
    erased.
    """

    now: datetime
    session: Session
    exam: Exam
    stored: tuple[Stored, ...]
    looks: tuple[Look, ...]
    given: tuple[Given, ...]
    review: Review
    incident: Incident | None
    appeals: tuple[Appeal, ...]
    holds: tuple[Hold, ...]
    messages: tuple[HelpRequest, ...]
    texts: int
    texts_until: datetime | None
    decided: bool
    record_erased_at: datetime | None
    notice_version: str | None
    notice_text: str | None
    ended_why: EndReason | None

    @property
    def outcome(self) -> ReviewOutcome:
        """The candidate's view of the review."""
        if self.session.state in (SessionState.INVITED, SessionState.ADMITTED, SessionState.RECORDING):
            return ReviewOutcome.RUNNING
        if not any(unit.recorded_ms for unit in self.stored):
            return ReviewOutcome.NOTHING_RECORDED
        if self.incident is not None:
            return ReviewOutcome.INCIDENT
        match self.review.state:
            case ReviewState.NO_CONCERN:
                return ReviewOutcome.NO_CONCERN
            case ReviewState.SECOND_PERSON:
                return ReviewOutcome.SECOND_PERSON
            case ReviewState.ANNULLED:
                return ReviewOutcome.ANNULLED
            case _:
                return ReviewOutcome.NOT_REVIEWED

    @property
    def due_at(self) -> datetime | None:
        """When what is still there goes if nothing holds it; None when nothing is left."""
        return max((unit.due_at for unit in self.stored if unit.exists), default=None)

    @property
    def appeal_until(self) -> datetime | None:
        """When the objection period ends; None while the event it is counted from has not happened."""
        counted = self.exam.regulation.count_from is CountFrom.EXAM_END or self.exam.results_published_at
        return self.due_at if counted else None

    @property
    def erased(self) -> bool:
        """Whether there was something and nothing is left of it."""
        return bool(self.stored) and not any(unit.exists for unit in self.stored)

    @property
    def erased_at(self) -> datetime | None:
        """When the last unit was gone, once all are."""
        times = [unit.erased_at for unit in self.stored if unit.erased_at is not None]
        return max(times) if times and len(times) == len(self.stored) else None

    @property
    def review_hold_at(self) -> datetime | None:
        """When the last of the holds is looked at again."""
        return max((hold.review_at for hold in self.holds), default=None)

    @property
    def open_appeal(self) -> Appeal | None:
        return next((appeal for appeal in self.appeals if appeal.state is AppealState.LODGED), None)

    @property
    def against(self) -> str | None:
        """The incident that an appeal of now would be against; None where none counts."""
        return self.incident.id if self.incident else None

    @property
    def was_answered(self) -> bool:
        """Whether an appeal against this decision was answered."""
        closed = [appeal for appeal in self.appeals if appeal.state is AppealState.CLOSED]
        return any(appeal.incident_id == self.against for appeal in closed)

    @property
    def may_appeal(self) -> bool:
        """Whether an appeal can be lodged now: after the exam, in time, the first against this decision."""
        if self.session.state not in OVER or self.due_at is None:
            return False
        return refusal(self.appeals, self.against, self.due_at, self.now) is None


def looks(entries: Iterable[Entry]) -> tuple[Look, ...]:
    """Views from the custody ledger, the newest first.

    One person's views for one reason that follow each other within LOOK_WINDOW are one look.
    """
    found: list[Look] = []
    last: dict[tuple[str, str], tuple[int, datetime]] = {}
    for entry in entries:
        if entry.action is not Action.EVIDENCE_VIEW:
            continue
        stream, why = str(entry.detail.get("stream", "")), str(entry.detail.get("why", ""))
        index, before = last.get((entry.actor, why), (-1, entry.at))
        if index < 0 or entry.at - before > LOOK_WINDOW:
            index = len(found)
            found.append(Look(entry.at, entry.role, (stream,), why))
        else:
            look = found[index]
            streams = tuple(dict.fromkeys((*look.streams, stream)))
            found[index] = Look(look.at, look.role, streams, why)
        last[entry.actor, why] = (index, entry.at)
    return tuple(sorted(found, key=lambda look: look.at, reverse=True))
