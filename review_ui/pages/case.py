"""Review page of one session: its facts, player, flags, decision and history."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.access.model import May, Person, Relation, Role, may
from proctoring.appeals import service as appeals
from proctoring.appeals.model import Appeal
from proctoring.casework.standing import relation, reviewed, reviewers_relation
from proctoring.custody import service as custody
from proctoring.custody.model import Entry
from proctoring.custody.rows import CertificateRow
from proctoring.exams.model import Stream
from proctoring.flags import service as flag_service
from proctoring.flags.model import Category, Flag, FlagSource, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpRequest
from proctoring.holds import service as holds
from proctoring.holds.model import Hold
from proctoring.identity import service as identity
from proctoring.identity.model import IdentityCopy
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, Incident, IncidentState
from proctoring.recordings import open_takes
from proctoring.recordings.events import Log
from proctoring.recordings.logs import LogHead, heads
from proctoring.recordings.model import EndCause, GapReason
from proctoring.recordings.sittings import Sitting, sitting
from proctoring.recordings.timeline import StreamHead, stream_heads
from proctoring.reviews.model import Review, ReviewState, may_claim, untouched
from proctoring.sessions.model import EndReason, SessionState
from proctoring.signals import service as signals
from proctoring.signals.model import SignalKind
from proctoring.signals.service import SignalsHead
from proctoring.units.model import LIVING, UnitKind
from proctoring.units.rows import UnitRow
from proctoring.web.arrival import is_from_elsewhere
from review_ui.due import Due, due
from review_ui.permit import SESSION, Permit, needs
from review_ui.staff_pages import StaffPages, names_of
from review_ui.views import enter_page_view

STREAM_ORDER = (Stream.SCREEN, Stream.WEBCAM, Stream.PHONE)


@dataclass(frozen=True, slots=True)
class Case:
    """One session as a staff member sees it; `access.model` has decided what they may do."""

    sat: Sitting
    streams: tuple[StreamHead, ...]
    review: Review
    flags: tuple[Flag, ...]
    holds: tuple[Hold, ...]
    due: Due | None
    incident: Incident | None
    shown_by: tuple[str, ...]
    appeal: Appeal | None
    certificates: tuple[tuple[str, CertificateRow], ...]
    history: tuple[Entry, ...]
    names: dict[str, str]
    logs: tuple[LogHead, ...]
    signals: tuple[SignalsHead, ...]
    relation: Relation
    may_flag: bool
    may_decide: bool
    may_confirm: bool
    may_claim: bool
    identity: IdentityCopy | None
    may_view_identity: bool
    may_check_identity: bool
    messages: tuple[HelpRequest, ...]
    may_answer: bool
    may_end: bool
    gone_since: datetime | None

    @property
    def open_flags(self) -> tuple[Flag, ...]:
        return tuple(flag for flag in self.flags if flag.state is FlagState.OPEN)

    @property
    def recording(self) -> bool:
        return self.sat.state is SessionState.RECORDING

    @property
    def erased(self) -> bool:
        return bool(self.streams) and all(stream.state not in LIVING for stream in self.streams)

    @property
    def awaits_second(self) -> bool:
        return self.incident is not None and self.incident.state in AWAITING

    def clock_at(self, ms: int) -> datetime | None:
        """The instant of an offset on the time line."""
        began = self.sat.started_at
        return began + timedelta(milliseconds=ms) if began else None


def routes(staff: StaffPages) -> APIRouter:
    """`/sessions/{id}`, whose player opens evidence as it loads: see `proctoring.web.arrival`."""
    router = APIRouter()

    @router.get("/sessions/{session_id}")
    def show(
        request: Request, session_id: str, by: Annotated[Permit, needs(staff, May.VIEW_EVIDENCE, SESSION)]
    ) -> Response:
        if is_from_elsewhere(request.headers):
            return staff.page(request, "arrival.html")
        enter_page_view(by, request, session_id)
        with staff.core.db.read() as db:
            found = load(db, by.person, session_id, staff.now())
            return staff.page(
                request,
                "case.html",
                by.person,
                db,
                case=found,
                categories=tuple(Category),
                severities=tuple(Severity),
                sources=tuple(FlagSource),
                flag_states=tuple(FlagState),
                causes=tuple(EndCause),
                reasons=tuple(GapReason),
                signal_kinds=tuple(SignalKind),
                end_reasons=tuple(EndReason),
            )

    return router


def load(db: Db, person: Person, session_id: str, now: datetime) -> Case:
    """Everything about one session, for a person who may see it. Raises NotFound."""
    sat = sitting(db, session_id, now)
    units = db.scalars(select(UnitRow).where(UnitRow.session_id == session_id)).all()
    streams = stream_heads(units)
    card = next((unit for unit in units if unit.kind == UnitKind.IDENTITY.value), None)
    is_logged = any(unit.kind in set(Log) for unit in units)
    touched, decided = reviewed(db, session_id)
    review = touched or untouched(session_id)
    placed = tuple(holds.active(db, session_id))
    living = [stream for stream in streams if stream.state in LIVING]
    began = sat.started_at
    committee = person.role is Role.COMMITTEE
    standing = relation(db, person, session_id) if committee else reviewers_relation(person, review, decided)
    recording = sat.state is SessionState.RECORDING
    settled = any(one.settles for one in decided)
    incident = decided[0] if decided and decided[0].state is not IncidentState.REJECTED else None
    return Case(
        sat=sat,
        streams=tuple(sorted(streams, key=lambda one: STREAM_ORDER.index(one.stream))),
        review=review,
        flags=tuple(flag_service.of_session(db, session_id)),
        holds=placed,
        due=due(min(one.due_at for one in living), began, now, sat.zone, bool(placed))
        if living and began
        else None,
        incident=incident,
        shown_by=tuple(incidents.linked_flags(db, incident.id)) if incident else (),
        appeal=appeals.open_of_session(db, session_id),
        certificates=_certificates(db, session_id) if len(living) < len(streams) else (),
        history=tuple(reversed(custody.entries(db, session_id))),
        names=names_of(db),
        logs=tuple(heads(db, session_id)) if is_logged else (),
        signals=tuple(signals.heads(db, session_id)) if sat.signals else (),
        relation=standing,
        may_flag=may(person, May.FLAG, standing),
        may_decide=may(person, May.DECIDE, standing),
        may_confirm=may(person, May.CONFIRM_INCIDENT, standing),
        may_claim=may(person, May.SEE_QUEUE)
        and review.state is not ReviewState.IN_REVIEW
        and may_claim(review, person.id, settled),
        identity=identity.copy_of(db, card) if card is not None else None,
        may_view_identity=may(person, May.VIEW_IDENTITY, standing),
        may_check_identity=may(person, May.CHECK_IDENTITY, standing),
        messages=tuple(help_requests.of_session(db, session_id)),
        may_answer=may(person, May.ANSWER_HELP, standing),
        may_end=may(person, May.END_SESSION, standing) and recording,
        gone_since=open_takes.gone(db, [session_id], now).get(session_id) if recording else None,
    )


def _certificates(db: Db, session_id: str) -> tuple[tuple[str, CertificateRow], ...]:
    return tuple((json.loads(row.body)["kind"], row) for row in custody.certificates(db, session_id))
