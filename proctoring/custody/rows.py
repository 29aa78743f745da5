"""Tables of the custody ledger, its head, the checkpoints, and the erasure certificates."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.custody.model import Action, Entry
from proctoring.db import Row


class EntryRow(Row):
    __tablename__ = "custody_entries"
    __table_args__ = (
        # A list of one action, person or session, newest first, reads what it shows and no more.
        Index("ix_custody_entries_action", "action", "number"),
        Index("ix_custody_entries_actor", "actor", "number"),
        Index("ix_custody_entries_session_id", "session_id", "number"),
        Index("ix_custody_entries_at", "at"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    session_id: Mapped[str | None]
    unit_id: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    prev: Mapped[str]
    hash: Mapped[str]

    def model(self) -> Entry:
        return Entry(
            self.number,
            self.at,
            self.actor,
            self.role,
            Action(self.action),
            self.session_id,
            self.unit_id,
            self.detail,
            self.prev,
            self.hash,
        )


class LedgerHeadRow(Row):
    """One row: the last number and hash. Appending updates it first, which makes appenders queue up."""

    __tablename__ = "custody_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[str]


class CheckpointRow(Row):
    """The signed head of a tree (the ledger, or a unit's manifest) when it had `size` leaves.

    `peaks` are the roots of the tree's full subtrees in hex: from them and what came since the next is made.
    """

    __tablename__ = "checkpoints"

    origin: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    peaks: Mapped[list[str]] = mapped_column(JSON)
    note: Mapped[str]
    made_at: Mapped[datetime]
    copied_at: Mapped[datetime | None] = mapped_column(index=True)


class StampRow(Row):
    """An authority's time-stamp (base64 of its answer) over the ledger's checkpoint of `size` entries."""

    __tablename__ = "ledger_stamps"

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    answer: Mapped[str]
    added_at: Mapped[datetime]
    copied_at: Mapped[datetime | None]


class StampStateRow(Row):
    """One row: how often the authority gave no time-stamp, since ever."""

    __tablename__ = "ledger_stamp_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    failures: Mapped[int]


class CertificateCopyRow(Row):
    """That a certificate has left the host, and when."""

    __tablename__ = "certificate_copies"

    certificate_id: Mapped[str] = mapped_column(ForeignKey("erasure_certificates.id"), primary_key=True)
    copied_at: Mapped[datetime]


class CertificateRow(Row):
    """One per erased evidence unit: what was erased, by which rule, signed."""

    __tablename__ = "erasure_certificates"
    __table_args__ = (Index("ix_erasure_certificates_issued_at", "issued_at", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), unique=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), index=True)
    issued_at: Mapped[datetime]
    body: Mapped[str]
    signature: Mapped[str]
