"""Table of exam records: the clock of each."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row, few


class RecordRow(Row):
    """One per session that is over. The rows of session, exam, review and incidents tell which candidate,
    which exam, when and what was decided."""

    __tablename__ = "exam_records"
    __table_args__ = (few("ix_exam_records_due_at", "due_at", of="erased_at IS NULL"),)

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    due_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
