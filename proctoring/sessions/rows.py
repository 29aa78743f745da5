"""Table of sessions, with the notice that each candidate was given."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Milliseconds, Row, few
from proctoring.sessions.in_person import Wish
from proctoring.sessions.model import OVER_VALUES, Schedule, Session, SessionState


class SessionRow(Row):
    __tablename__ = "sessions"
    __table_args__ = (
        Index("ix_sessions_state_closes_at", "state", "closes_at"),
        Index("ix_sessions_ended_at", "ended_at"),
        few("ix_sessions_in_person", "state", of="in_person_asked_at IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    exam_id: Mapped[str] = mapped_column(ForeignKey("exams.id"), index=True)
    ref: Mapped[str]
    state: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    length_ms: Mapped[Milliseconds | None]  # kept once takes are gone that it follows from
    phone_ready_at: Mapped[datetime | None]
    notice_version: Mapped[str | None]
    notice_text: Mapped[str | None]
    starts_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    extra_minutes: Mapped[int] = mapped_column(default=0)
    in_person_asked_at: Mapped[datetime | None]
    in_person_wish: Mapped[str | None]
    in_person_sits_at: Mapped[datetime | None]
    in_person_answer: Mapped[str | None]
    in_person_answered_at: Mapped[datetime | None]
    in_person_answered_by: Mapped[str | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def wish(self, exam: str, zone: str) -> Wish | None:
        """The wish to sit in person, as far as there is one; `exam`: its title, `zone`: its own."""
        if self.in_person_asked_at is None:
            return None
        return Wish(
            self.id,
            self.ref,
            exam,
            zone,
            self.in_person_asked_at,
            self.in_person_wish or "",
            self.in_person_sits_at,
            self.in_person_answer,
            self.in_person_answered_at,
            self.in_person_answered_by,
        )

    def model(self) -> Session:
        return Session(
            self.id,
            self.exam_id,
            self.ref,
            SessionState(self.state),
            self.language,
            self.created_at,
            self.closes_at,
            self.started_at,
            self.ended_at,
            Schedule(self.starts_at, self.minutes, self.extra_minutes),
        )


IS_OVER = (SessionRow.state + "").in_(OVER_VALUES)
"""Asked of sessions found by another column. An index on the state would find nearly all sessions first."""
