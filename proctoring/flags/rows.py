"""Table of flags."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Milliseconds, Row
from proctoring.flags.model import Category, Flag, FlagSource, FlagState, Severity


class FlagRow(Row):
    __tablename__ = "flags"

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    start_ms: Mapped[Milliseconds]
    end_ms: Mapped[Milliseconds]
    source: Mapped[str]
    category: Mapped[str]
    severity: Mapped[str]
    note: Mapped[str]
    state: Mapped[str]
    raised_by: Mapped[str]
    raised_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Flag:
        return Flag(
            self.id,
            self.session_id,
            self.start_ms,
            self.end_ms,
            FlagSource(self.source),
            Category(self.category),
            Severity(self.severity),
            self.note,
            FlagState(self.state),
            self.raised_by,
            self.raised_at,
        )
