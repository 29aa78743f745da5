"""Tables of incidents and the flags that show them."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.flags.model import Category, Severity
from proctoring.incidents.model import Incident, IncidentState


class IncidentRow(Row):
    __tablename__ = "incidents"
    __table_args__ = (Index("ix_incidents_state_decided_at", "state", "decided_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    category: Mapped[str]
    severity: Mapped[str]
    reasons: Mapped[str]
    state: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    second_by: Mapped[str | None]
    second_at: Mapped[datetime | None]
    hold_id: Mapped[str] = mapped_column(ForeignKey("holds.id"), index=True)
    notified_at: Mapped[datetime | None]
    second_reasons: Mapped[str | None]
    third_by: Mapped[str | None]
    third_at: Mapped[datetime | None]
    third_reasons: Mapped[str | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Incident:
        return Incident(
            self.id,
            self.session_id,
            Category(self.category),
            Severity(self.severity),
            self.reasons,
            IncidentState(self.state),
            self.decided_by,
            self.decided_at,
            self.second_by,
            self.second_at,
            self.hold_id,
            self.notified_at,
            self.second_reasons,
            self.third_by,
            self.third_at,
        )


class IncidentFlagRow(Row):
    __tablename__ = "incident_flags"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    flag_id: Mapped[str] = mapped_column(ForeignKey("flags.id"), primary_key=True)
