"""Tables of holds and of the evidence units that each covers."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row, few
from proctoring.holds.model import Hold, HoldKind


class HoldRow(Row):
    __tablename__ = "holds"
    __table_args__ = (few("ix_holds_in_force", "kind", "session_id", of="released_at IS NULL"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    kind: Mapped[str]
    reason: Mapped[str]
    owner: Mapped[str]
    placed_at: Mapped[datetime]
    review_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Hold:
        return Hold(
            self.id,
            self.session_id,
            HoldKind(self.kind),
            self.reason,
            self.owner,
            self.placed_at,
            self.review_at,
            self.released_at,
            self.released_by,
        )


class HoldUnitRow(Row):
    """A unit whose counter this hold raised, and will lower."""

    __tablename__ = "hold_units"

    hold_id: Mapped[str] = mapped_column(ForeignKey("holds.id"), primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), primary_key=True, index=True)
