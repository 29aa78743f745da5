"""Tables of takes, segments, gaps, and the ids of logged events."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    and_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.db import Milliseconds, Row, few
from proctoring.recordings.model import EndCause, Gap, GapPart, GapReason, Take
from proctoring.recordings.packed import Hash, UnixMs
from proctoring.units.model import UnitKind
from storage.objects.naming import segment_key
from storage.proofs.manifest import GENESIS, Leaf


class TakeRow(Row):
    __tablename__ = "takes"
    __table_args__ = (
        UniqueConstraint("unit_id", "number"),
        few("ix_takes_open", "session_id", of="ended_at IS NULL"),
        few("ix_takes_open_of_spool", "spool_id", of="ended_at IS NULL"),
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
    spool_id: Mapped[str | None]  # through which its segments come
    heard_at: Mapped[datetime | None]  # when its capture process last said that more may come of it
    last_seq: Mapped[int] = mapped_column(default=-1)  # the highest number among its segments
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
    """A leaf of a stream's manifest: what it alone knows. The rest follows from its take, `of`, and from the
    leaf before."""

    __tablename__ = "segments"
    __table_args__ = (
        PrimaryKeyConstraint("unit_id", "position"),
        ForeignKeyConstraint(["unit_id", "take"], ["takes.unit_id", "takes.number"]),
        {"sqlite_with_rowid": False},
    )

    # In the order in which PostgreSQL pads least.
    received_at: Mapped[datetime] = mapped_column(UnixMs)
    start_ms: Mapped[Milliseconds]
    duration_ms: Mapped[Milliseconds]
    position: Mapped[int] = mapped_column(autoincrement=False)
    seq: Mapped[int]
    ct_len: Mapped[int]
    take: Mapped[int] = mapped_column(SmallInteger)  # its number in the unit
    unit_id: Mapped[str]
    ct_sha256: Mapped[str] = mapped_column(Hash)
    leaf_hash: Mapped[str] = mapped_column(Hash)
    of: Mapped[TakeRow] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def take_id(self) -> str:
        return self.of.id

    @property
    def media_type(self) -> str:
        return self.of.media_type

    @property
    def object_key(self) -> str:
        return segment_key(self.unit_id, self.of.id, self.seq)

    def leaf(self, prev: str) -> Leaf:
        """The manifest's leaf as it was hashed, after the one of hash `prev`."""
        return Leaf(
            self.unit_id,
            self.of.id,
            self.seq,
            self.object_key,
            self.ct_sha256,
            self.ct_len,
            self.of.media_type,
            self.start_ms,
            self.duration_ms,
            iso(self.received_at),
            prev,
        )


OF_TAKE = and_(TakeRow.unit_id == SegmentRow.unit_id, TakeRow.number == SegmentRow.take)
"""Joins a segment with its take."""


def stored(db: Db, unit_id: str, after: int = -1) -> list[SegmentRow]:
    """The segments of a unit after this position, in the order of its manifest."""
    mine = SegmentRow.unit_id == unit_id, SegmentRow.position > after
    return list(db.scalars(select(SegmentRow).where(*mine).order_by(SegmentRow.position)))


def leaves(rows: Sequence[SegmentRow]) -> list[Leaf]:
    """The leaves of a manifest's first rows, each after the hash that the row before has."""
    before = [GENESIS, *(row.leaf_hash for row in rows)]
    return [row.leaf(prev) for row, prev in zip(rows, before[:-1], strict=True)]


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
