"""Tables of flags and reviews."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Milliseconds, Row
from proctoring.reviews.model import Category, Flag, FlagSource, FlagState, Review, ReviewState, Severity


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


class ReviewRow(Row):
    __tablename__ = "reviews"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    state: Mapped[str] = mapped_column(index=True)
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    unclear_by: Mapped[str | None]
    note: Mapped[str | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Review:
        return Review(
            self.session_id,
            ReviewState(self.state),
            self.claimed_by,
            self.claimed_at,
            self.decided_by,
            self.decided_at,
            self.unclear_by,
            self.note,
        )
