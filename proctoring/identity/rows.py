"""Table of what people found who compared a candidate with the card. It holds no picture."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.identity.model import IdentityCheck


class IdentityCheckRow(Row):
    __tablename__ = "identity_checks"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    confirmed: Mapped[bool]
    reason: Mapped[str]
    checked_by: Mapped[str]
    checked_at: Mapped[datetime]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> IdentityCheck:
        return IdentityCheck(self.confirmed, self.reason, self.checked_by, self.checked_at)
