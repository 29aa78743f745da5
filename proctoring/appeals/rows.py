"""Table of appeals."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.appeals.model import Appeal, AppealOutcome, AppealState
from proctoring.db import Row


class AppealRow(Row):
    __tablename__ = "appeals"
    __table_args__ = (
        Index("ix_appeals_state_lodged_at", "state", "lodged_at", "id"),
        Index("ix_appeals_state_closed_at", "state", "closed_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    grounds: Mapped[str]
    state: Mapped[str]
    lodged_at: Mapped[datetime]
    hold_id: Mapped[str] = mapped_column(ForeignKey("holds.id"), index=True)
    outcome: Mapped[str | None]
    answer: Mapped[str | None]
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("incidents.id"))
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Appeal:
        return Appeal(
            self.id,
            self.session_id,
            self.grounds,
            AppealState(self.state),
            self.lodged_at,
            self.hold_id,
            AppealOutcome(self.outcome) if self.outcome else None,
            self.answer,
            self.closed_by,
            self.closed_at,
            self.incident_id,
        )
