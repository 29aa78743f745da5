"""Table of candidates' requests and their answers."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.help.model import HelpKind, HelpRequest


class HelpRow(Row):
    __tablename__ = "help_requests"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    kind: Mapped[str]
    text: Mapped[str]
    asked_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    flag_id: Mapped[str | None] = mapped_column(ForeignKey("flags.id"))

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
        )
