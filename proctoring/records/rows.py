"""Table of exam records: the clock of each."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row


class RecordRow(Row):
    """One per session that is over. The rows of session, exam, review and incidents tell which candidate,
    which exam, when and what was decided."""

    __tablename__ = "exam_records"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    erased_at: Mapped[datetime | None]
