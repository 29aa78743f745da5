"""Table of reviews."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.reviews.model import Review, ReviewState


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
