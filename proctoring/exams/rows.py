"""Table of exams."""

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.exams.model import CaptureProfile, CountFrom, Exam, Regulation, Stream


class ExamRow(Row):
    __tablename__ = "exams"

    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    objection_days: Mapped[int]
    count_from: Mapped[str]
    zone: Mapped[str]
    max_days_without_results: Mapped[int]
    streams: Mapped[str]
    identity_copy: Mapped[bool]
    activity_log: Mapped[bool]
    answers_log: Mapped[bool] = mapped_column(default=False)
    signals: Mapped[bool] = mapped_column(default=False)
    legal_ground: Mapped[str]
    created_at: Mapped[datetime]
    results_published_at: Mapped[datetime | None]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Exam:
        regulation = Regulation(
            self.objection_days, CountFrom(self.count_from), self.zone, self.max_days_without_results
        )
        streams = tuple(Stream(stream) for stream in self.streams.split(","))
        profile = CaptureProfile(
            streams, self.identity_copy, self.activity_log, self.answers_log, self.signals
        )
        return Exam(
            self.id,
            self.title,
            regulation,
            profile,
            self.legal_ground,
            self.created_at,
            self.results_published_at,
        )
