"""Table of evidence units."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm import Session as Db

from proctoring.db import Milliseconds, Row, few
from storage.keys.unit_tags import UnitPublicKey
from storage.seal import SealedUnitKey


class UnitRow(Row):
    """An evidence unit: its sealed key, its due date, the number of holds on it, the manifest's head."""

    __tablename__ = "evidence_units"
    __table_args__ = (
        UniqueConstraint("session_id", "kind"),
        CheckConstraint("active_holds >= 0", name="holds_not_negative"),
        # What a job looks for it finds without reading what stays.
        Index("ix_evidence_units_state_due_at", "state", "due_at"),
        few("ix_evidence_units_late_until", "state", "late_until", of="late_until IS NOT NULL"),
        few("ix_evidence_units_swept_at", "state", "id", of="swept_at IS NULL"),
        few("ix_evidence_units_erased_at", "erased_at", of="erased_at IS NOT NULL"),
        Index(
            "ix_evidence_units_unsigned",
            "session_id",
            sqlite_where=text("unsigned = 1"),
            postgresql_where=text("unsigned"),
        ),
        few("ix_evidence_units_kek_epoch", "kek_epoch", of="sealed_private_key IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    kind: Mapped[str]
    state: Mapped[str]
    public_key: Mapped[bytes]
    key_tag: Mapped[bytes | None]  # that capture made the public half for this unit
    sealed_private_key: Mapped[bytes | None]
    kek_epoch: Mapped[str]
    active_holds: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(index=True)
    manifest_size: Mapped[int] = mapped_column(default=0)
    manifest_head: Mapped[str]
    unsigned: Mapped[bool] = mapped_column(default=True)  # new, or leaves came after the newest signed head
    erase_id: Mapped[str | None]
    erasing_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    swept_at: Mapped[datetime | None]  # when it was freed of objects without a leaf
    recorded_ms: Mapped[Milliseconds | None]  # of its takes together, kept once they are gone
    late_until: Mapped[datetime | None]  # how long a page that holds pieces of it is waited for

    def public(self) -> UnitPublicKey:
        """The public half as stored in the row; its tag tells whether it is the right one."""
        return UnitPublicKey(self.id, self.session_id, self.kind, self.public_key, self.key_tag)

    def key(self) -> SealedUnitKey | None:
        """The sealed key, or None once it was destroyed."""
        if self.sealed_private_key is None:
            return None
        return SealedUnitKey(self.public_key, self.sealed_private_key, self.kek_epoch)


def lock_units(db: Db, session_id: str) -> None:
    """Lock all units of a session, in the order in which everybody locks them, before changing several."""
    query = select(UnitRow.id).where(UnitRow.session_id == session_id)
    db.execute(query.order_by(UnitRow.id).with_for_update())
