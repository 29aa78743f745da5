"""Table of candidates' requests and their answers."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row, few
from proctoring.help.model import HelpKind, HelpRequest


class HelpRow(Row):
    __tablename__ = "help_requests"
    __table_args__ = (few("ix_help_requests_waiting", "asked_at", of="ended_at IS NULL"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    asked_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    flag_id: Mapped[str | None] = mapped_column(ForeignKey("flags.id"))
    taken_by: Mapped[str | None]
    taken_at: Mapped[datetime | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> HelpRequest:
        return HelpRequest(
            self.id,
            self.session_id,
            HelpKind(self.kind),
            self.text,
            self.asked_at,
            self.answer,
            self.answered_by,
            self.ended_at,
            self.taken_by,
            self.taken_at,
        )
