"""Tables of takes, segments, gaps, and the ids of logged events."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.clock import iso
from proctoring.db import Milliseconds, Row, few
from proctoring.recordings.model import EndCause, Gap, GapPart, GapReason, Segment, Take
from proctoring.units.model import UnitKind
from storage.proofs.manifest import Leaf


class TakeRow(Row):
    __tablename__ = "takes"
    __table_args__ = (
        UniqueConstraint("unit_id", "number"),
        few("ix_takes_open", "session_id", of="ended_at IS NULL"),
        few("ix_takes_keyless", "unit_id", of="sealed_key IS NULL"),  # to be removed
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    stream: Mapped[str]
    number: Mapped[int]
    media_type: Mapped[str]
    sealed_key: Mapped[bytes | None]
    start_ms: Mapped[Milliseconds]
    end_ms: Mapped[Milliseconds]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_cause: Mapped[str | None]
    spool_id: Mapped[str | None] = mapped_column(index=True)  # through which its segments come
    heard_at: Mapped[datetime | None]  # when its capture process last said that more may come of it
    late: Mapped[bool] = mapped_column(default=False)  # what a page recorded while it could not publish

    def model(self) -> Take:
        return Take(
            self.id,
            self.unit_id,
            self.session_id,
            UnitKind(self.stream),
            self.number,
            self.media_type,
            self.start_ms,
            self.end_ms,
            self.started_at,
            self.ended_at,
            EndCause(self.end_cause) if self.end_cause else None,
        )


class SegmentRow(Row):
    """A leaf of a stream's manifest."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("take_id", "seq"),)

    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    take_id: Mapped[str] = mapped_column(ForeignKey("takes.id"))
    seq: Mapped[int]
    object_key: Mapped[str] = mapped_column(unique=True)
    ct_sha256: Mapped[str]
    ct_len: Mapped[int]
    media_type: Mapped[str]
    start_ms: Mapped[Milliseconds]
    duration_ms: Mapped[Milliseconds]
    received_at: Mapped[datetime]
    late: Mapped[bool]
    prev: Mapped[str]
    leaf_hash: Mapped[str]

    def model(self) -> Segment:
        return Segment(
            self.unit_id,
            self.take_id,
            self.seq,
            self.position,
            self.object_key,
            self.ct_len,
            self.media_type,
            self.start_ms,
            self.duration_ms,
            self.received_at,
            self.late,
        )

    def leaf(self) -> Leaf:
        """The manifest's leaf as it was hashed."""
        return Leaf(
            self.unit_id,
            self.take_id,
            self.seq,
            self.object_key,
            self.ct_sha256,
            self.ct_len,
            self.media_type,
            self.start_ms,
            self.duration_ms,
            iso(self.received_at),
            self.prev,
        )


class GapRow(Row):
    __tablename__ = "gaps"

    id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), index=True)
    start_ms: Mapped[Milliseconds]
    end_ms: Mapped[Milliseconds | None]
    reason: Mapped[str]
    cause: Mapped[str]
    part: Mapped[str] = mapped_column(default=GapPart.ALL.value)

    def model(self) -> Gap:
        reason, cause = GapReason(self.reason), EndCause(self.cause)
        return Gap(self.unit_id, self.start_ms, self.end_ms, reason, cause, GapPart(self.part))


class LoggedEventRow(Row):
    """The id of an event that a log holds, without a word of it; goes with the key of its unit."""

    __tablename__ = "logged_events"

    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
